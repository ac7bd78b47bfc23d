public import Autodiff
import Tensors

/// Attention of each token to itself and those before it in its sequence, with rotary positions.
///
/// Query heads may share key and value heads: grouped queries (Ainslie et al., 2023,
/// arXiv 2305.13245).
public struct CausalSelfAttention: Layer {
  /// The projections: `[hidden]` to `[heads * headSize]`, twice to `[keyHeads * headSize]`, and from
  /// `[heads * headSize]` back.
  public let query, key, value, output: any LinearLayer
  /// The number of query heads.
  public let heads: Int
  /// The number of key and value heads.
  public let keyHeads: Int
  /// The angles of the positions.
  public let angles: RotaryAngles

  /// A layer over vectors of `hiddenSize`, with heads of `angles.headSize`. Traps unless `heads` is a
  /// multiple of `keyHeads`.
  public init(
    hiddenSize: Int, heads: Int, keyHeads: Int, angles: RotaryAngles,
    initializer: Initializer = .uniformFanIn, using linear: LayerBuilder
  ) {
    precondition(
      keyHeads > 0 && heads % keyHeads == 0,
      "CausalSelfAttention: \(heads) heads cannot share \(keyHeads) key heads")
    let (queries, keys) = (heads * angles.headSize, keyHeads * angles.headSize)
    query = linear(hiddenSize, queries, initializer: initializer, named: "q_proj")
    key = linear(hiddenSize, keys, initializer: initializer, named: "k_proj")
    value = linear(hiddenSize, keys, initializer: initializer, named: "v_proj")
    output = linear(queries, hiddenSize, initializer: initializer, named: "o_proj")
    self.heads = heads
    self.keyHeads = keyHeads
    self.angles = angles
  }

  /// As published Llama checkpoints name them.
  public var members: [ModuleMember] {
    [
      ModuleMember("q_proj", query), ModuleMember("k_proj", key), ModuleMember("v_proj", value),
      ModuleMember("o_proj", output),
    ]
  }

  /// x `[batch, tokens, hidden]` to the same shape. Traps on other shapes, and on more tokens than
  /// there are angles for.
  public func callAsFunction(_ x: Variable) -> Variable {
    let (queries, keys, values) = project(x, positions: nil)
    return mix(causalAttention(queries: queries, keys: keys, values: values))
  }

  /// x `[batch, tokens, hidden]` of the tokens that follow those in `cache`, to the same shape, without
  /// a gradient. Their keys and values join the cache. Traps when there is no room for them.
  public func callAsFunction(_ x: Variable, cache: inout KeyValueCache) -> Variable {
    withoutGradient {
      let (queries, keys, values) = project(x, positions: cache.places(of: x.shape[1]))
      let seen = cache.append(keys: keys.tensor, values: values.tensor)
      return mix(
        attention(
          queries: queries, keys: Variable(seen.keys), values: Variable(seen.values),
          mask: cache.mask))
    }
  }

  /// Queries, keys and values `[batch, tokens, heads, headSize]`, the first two turned.
  private func project(_ x: Variable, positions: Tensor<Int32>?) -> (Variable, Variable, Variable) {
    precondition(
      x.shape.rank == 3, "CausalSelfAttention: x \(x.shape) is not [batch, tokens, hidden]")
    func split(_ y: Variable, _ heads: Int) -> Variable {
      y.reshaped(to: [x.shape[0], x.shape[1], heads, angles.headSize])
    }
    return (
      rotaryEmbedding(split(query(x), heads), angles, positions: positions),
      rotaryEmbedding(split(key(x), keyHeads), angles, positions: positions),
      split(value(x), keyHeads)
    )
  }

  private func mix(_ mixed: Variable) -> Variable {
    output(mixed.reshaped(to: [mixed.shape[0], mixed.shape[1], heads * angles.headSize]))
  }
}
