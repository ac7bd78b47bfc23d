public import Autodiff
public import Tensors

/// Attention of each token to itself and those before it in its sequence, with rotary positions or
/// none.
///
/// Query heads may share key and value heads: grouped queries (Ainslie et al., 2023,
/// arXiv 2305.13245).
public struct CausalSelfAttention: Layer {
  /// What differs between models.
  public struct Options: Sendable, Hashable {
    /// Whether queries, keys and values have biases.
    public var bias = false
    /// Whether the output has one.
    public var outputBias = false
    /// How many tokens up to its own each sees; nil for all.
    public var window: Int?
    /// What the scores are of the products of queries and keys.
    public var scores = AttentionScores()
    /// Whether each head of queries and keys is normalised before it is turned.
    public var normalizesHeads = false
    /// Added to the mean square in these norms.
    public var normEpsilon = 1e-6
    /// Added to the weights of these norms.
    public var normOffset = 0.0

    /// Those of a Llama.
    public init() {}
  }

  /// The projections: `[hidden]` to `[heads * headSize]`, twice to `[keyHeads * headSize]`, and from
  /// `[heads * headSize]` back.
  public let query, key, value, output: any LinearLayer
  /// The norms of each head of queries and of keys, nil for none.
  public let queryNorm, keyNorm: RMSNorm?
  /// The number of query heads.
  public let heads: Int
  /// The number of key and value heads.
  public let keyHeads: Int
  /// The size of a head.
  public let headSize: Int
  /// The angles of the positions; nil for a layer that does not know them.
  public let angles: RotaryAngles?
  /// What differs between models.
  public let options: Options

  /// A layer over vectors of `hiddenSize`, with heads of `headSize`, which is that of the angles when
  /// left out. Traps unless `heads` is a multiple of `keyHeads` and one of the two is given.
  public init(
    hiddenSize: Int, heads: Int, keyHeads: Int, headSize: Int? = nil, angles: RotaryAngles?,
    options: Options = Options(), initializer: Initializer = .uniformFanIn,
    using linear: LayerBuilder
  ) {
    precondition(
      keyHeads > 0 && heads % keyHeads == 0,
      "CausalSelfAttention: \(heads) heads cannot share \(keyHeads) key heads")
    guard let headSize = headSize ?? angles?.headSize, angles?.headSize ?? headSize == headSize
    else { preconditionFailure("CausalSelfAttention: no size of a head, or two") }
    let (queries, keys) = (heads * headSize, keyHeads * headSize)
    func layer(_ name: String, _ inputs: Int, _ outputs: Int, bias: Bool) -> any LinearLayer {
      linear(inputs, outputs, bias: bias, initializer: initializer, named: name)
    }
    query = layer("q_proj", hiddenSize, queries, bias: options.bias)
    key = layer("k_proj", hiddenSize, keys, bias: options.bias)
    value = layer("v_proj", hiddenSize, keys, bias: options.bias)
    output = layer("o_proj", queries, hiddenSize, bias: options.outputBias)
    func norm() -> RMSNorm? {
      options.normalizesHeads
        ? RMSNorm(headSize, epsilon: options.normEpsilon, offset: options.normOffset) : nil
    }
    queryNorm = norm()
    keyNorm = norm()
    self.heads = heads
    self.keyHeads = keyHeads
    self.headSize = headSize
    self.angles = angles
    self.options = options
  }

  /// As published Llama checkpoints name them.
  public var members: [ModuleMember] {
    [
      ModuleMember("q_proj", query), ModuleMember("k_proj", key), ModuleMember("v_proj", value),
      ModuleMember("o_proj", output),
    ] + (queryNorm.map { [ModuleMember("q_norm", $0)] } ?? [])
      + (keyNorm.map { [ModuleMember("k_norm", $0)] } ?? [])
  }

  /// x `[batch, tokens, hidden]` to the same shape. Traps on other shapes, and on more tokens than
  /// there are angles for.
  public func callAsFunction(_ x: Variable) -> Variable { self(x, documents: nil) }

  /// x `[batch, tokens, hidden]` to the same shape, each token seeing those of its own document; nil
  /// where a row is one. Traps on other shapes, and on more tokens than there are angles for.
  public func callAsFunction(_ x: Variable, documents: PackedDocuments?) -> Variable {
    let (queries, keys, values) = project(x, positions: documents?.positions)
    let mask = AttentionMask(
      isCausal: true, window: options.window, firstKeys: documents?.starts)
    return mix(
      attention(queries: queries, keys: keys, values: values, mask: mask, scores: options.scores))
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
          mask: cache.mask(window: options.window), scores: options.scores))
    }
  }

  /// Queries, keys and values `[batch, tokens, heads, headSize]`, the first two normalised and turned.
  private func project(_ x: Variable, positions: Tensor<Int32>?) -> (Variable, Variable, Variable) {
    precondition(
      x.shape.rank == 3, "CausalSelfAttention: x \(x.shape) is not [batch, tokens, hidden]")
    func split(_ y: Variable, _ heads: Int) -> Variable {
      y.reshaped(to: [x.shape[0], x.shape[1], heads, headSize])
    }
    func placed(_ y: Variable, _ norm: RMSNorm?) -> Variable {
      let y = norm?(y) ?? y
      return angles.map { rotaryEmbedding(y, $0, positions: positions) } ?? y
    }
    return (
      placed(split(query(x), heads), queryNorm), placed(split(key(x), keyHeads), keyNorm),
      split(value(x), keyHeads)
    )
  }

  private func mix(_ mixed: Variable) -> Variable {
    output(mixed.reshaped(to: [mixed.shape[0], mixed.shape[1], heads * headSize]))
  }
}
