public import Autodiff
public import Tensors

/// Attention of each token to all tokens of its sequence, without position encoding.
///
/// Query heads may share key and value heads (grouped-query attention; Ainslie et al., 2023,
/// arXiv 2305.13245).
public struct SelfAttention: Layer {
  /// The projections: `[hidden]` to `[heads * headSize]`, twice to `[keyHeads * headSize]`, and from
  /// `[heads * headSize]` back.
  public let query, key, value, output: any LinearLayer
  /// The number of query heads.
  public let heads: Int
  /// The number of key and value heads.
  public let keyHeads: Int
  /// The size of a head.
  public let headSize: Int

  /// A layer over vectors of `hiddenSize`; the names are those by which the matrices are read. Traps
  /// unless `heads` is a multiple of `keyHeads` and, where no `headSize` is given, a divisor of
  /// `hiddenSize`.
  public init(
    hiddenSize: Int, heads: Int, keyHeads: Int? = nil, headSize: Int? = nil, bias: Bool = true,
    initializer: Initializer = .uniformFanIn,
    names: (query: String, key: String, value: String, output: String) = ("", "", "", ""),
    using linear: LayerBuilder
  ) {
    let keyHeads = keyHeads ?? heads
    precondition(
      keyHeads > 0 && heads % keyHeads == 0 && (headSize != nil || hiddenSize % heads == 0),
      "SelfAttention: \(heads) heads, \(keyHeads) key heads, hidden size \(hiddenSize)")
    let size = headSize ?? hiddenSize / heads
    func layer(_ name: String, _ inputs: Int, _ outputs: Int) -> any LinearLayer {
      linear(inputs, outputs, bias: bias, initializer: initializer, named: name)
    }
    query = layer(names.query, hiddenSize, heads * size)
    key = layer(names.key, hiddenSize, keyHeads * size)
    value = layer(names.value, hiddenSize, keyHeads * size)
    output = layer(names.output, heads * size, hiddenSize)
    self.heads = heads
    self.keyHeads = keyHeads
    self.headSize = size
  }

  /// x `[batch, tokens, hidden]` to the same shape; every token attends to its whole sequence.
  public func callAsFunction(_ x: Variable) -> Variable { self(x, mask: .full) }

  /// x `[batch, tokens, hidden]` to the same shape; `mask` selects the tokens to attend to. The outputs
  /// of padding are to be ignored. Traps on other shapes.
  public func callAsFunction(_ x: Variable, mask: AttentionMask) -> Variable {
    precondition(x.shape.rank == 3, "SelfAttention: x \(x.shape) is not [batch, tokens, hidden]")
    let (batch, tokens) = (x.shape[0], x.shape[1])
    func split(_ y: Variable, _ heads: Int) -> Variable {
      y.reshaped(to: [batch, tokens, heads, headSize])
    }
    let mixed = attention(
      queries: split(query(x), heads), keys: split(key(x), keyHeads),
      values: split(value(x), keyHeads), mask: mask)
    return output(mixed.reshaped(to: [batch, tokens, heads * headSize]))
  }
}
