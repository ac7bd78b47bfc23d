public import Autodiff
import Tensors

/// Attention of each token to itself and those before it in its sequence, with rotary positions.
///
/// Query heads may share key and value heads: grouped queries (Ainslie et al., 2023,
/// arXiv 2305.13245).
public struct CausalSelfAttention: Module {
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
    query = linear(hiddenSize, queries, initializer: initializer)
    key = linear(hiddenSize, keys, initializer: initializer)
    value = linear(hiddenSize, keys, initializer: initializer)
    output = linear(queries, hiddenSize, initializer: initializer)
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
    precondition(
      x.shape.rank == 3, "CausalSelfAttention: x \(x.shape) is not [batch, tokens, hidden]")
    let (batch, tokens) = (x.shape[0], x.shape[1])
    func split(_ y: Variable, _ heads: Int) -> Variable {
      y.reshaped(to: [batch, tokens, heads, angles.headSize])
    }
    let mixed = causalAttention(
      queries: rotaryEmbedding(split(query(x), heads), angles),
      keys: rotaryEmbedding(split(key(x), keyHeads), angles),
      values: split(value(x), keyHeads))
    return output(mixed.reshaped(to: [batch, tokens, heads * angles.headSize]))
  }
}
