public import Layers
public import Tensors

extension LlamaConfiguration: ModelConfiguration {
  /// `llama`.
  public var modelType: String { "llama" }
  /// `layers`.
  public var blockCount: Int {
    get { layers }
    set { layers = newValue }
  }

  /// The names of the linear layers of a block.
  public static let linearNames: [String] = [
    "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
  ]

  /// The names and sizes of the linear layers of all blocks.
  public var linearShapes: [LinearShape] {
    let (queries, keys) = (heads * headSize, keyHeads * headSize)
    let block = [
      LinearShape("q_proj", out: queries, in: hiddenSize),
      LinearShape("k_proj", out: keys, in: hiddenSize),
      LinearShape("v_proj", out: keys, in: hiddenSize),
      LinearShape("o_proj", out: hiddenSize, in: queries),
      LinearShape("gate_proj", out: intermediateSize, in: hiddenSize),
      LinearShape("up_proj", out: intermediateSize, in: hiddenSize),
      LinearShape("down_proj", out: hiddenSize, in: intermediateSize),
    ]
    return (0..<layers).flatMap { _ in block }
  }

  /// The names and shapes of the tensors of a dense model's file.
  public var tensorShapes: [(name: String, shape: Shape)] {
    let (queries, keys) = (heads * headSize, keyHeads * headSize)
    let block: [(String, Shape)] = [
      ("input_layernorm", [hiddenSize]), ("self_attn.q_proj", [queries, hiddenSize]),
      ("self_attn.k_proj", [keys, hiddenSize]), ("self_attn.v_proj", [keys, hiddenSize]),
      ("self_attn.o_proj", [hiddenSize, queries]), ("post_attention_layernorm", [hiddenSize]),
      ("mlp.gate_proj", [intermediateSize, hiddenSize]),
      ("mlp.up_proj", [intermediateSize, hiddenSize]),
      ("mlp.down_proj", [hiddenSize, intermediateSize]),
    ]
    let table: Shape = [vocabularySize, hiddenSize]
    var shapes: [(name: String, shape: Shape)] = [("model.embed_tokens", table)]
    for index in 0..<layers {
      shapes += block.map { (name: "model.layers.\(index).\($0.0)", shape: $0.1) }
    }
    shapes.append(("model.norm", [hiddenSize]))
    if !tiesEmbeddings { shapes.append(("lm_head", table)) }
    return shapes.map { (name: $0.name + ".weight", shape: $0.shape) }
  }

  /// With h hidden, q = heads · headSize, k = keyHeads · headSize and f intermediate, a block keeps
  /// 2 h + 2 q + 2 k + 2 f + heads + 2 elements for each token: the inputs of its norms, the turned
  /// queries and keys, the values, the attention's output, gate and up; one number a query and head and
  /// one a row and norm. The norms' outputs and silu(gate) · up are computed again when needed. On the
  /// way back through the down projection there are h + 2 f more: the gradient that comes in, and that of
  /// silu(gate) · up beside itself.
  public var activations: BlockActivations {
    let (queries, keys) = (heads * headSize, keyHeads * headSize)
    return BlockActivations(
      kept: 2 * hiddenSize + 2 * queries + 2 * keys + 2 * intermediateSize + heads + 2,
      backward: hiddenSize + 2 * intermediateSize, attentionWidth: queries)
  }

  /// A `Llama`.
  public func makeModel(using linear: LayerBuilder) -> any LanguageModel {
    Llama(self, using: linear)
  }
}
