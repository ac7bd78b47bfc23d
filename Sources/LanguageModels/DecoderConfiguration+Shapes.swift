public import Layers
public import Tensors

extension DecoderConfiguration: ModelConfiguration {
  /// The family's `model_type`.
  public var modelType: String { family.modelType }
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
    var block: [(name: String, shape: Shape)] = []
    func norm(_ name: String, _ size: Int, if isThere: Bool = true) {
      if isThere { block.append((name + ".weight", [size])) }
    }
    func linear(_ name: String, _ out: Int, _ input: Int, bias: Bool) {
      block.append((name + ".weight", [out, input]))
      if bias { block.append((name + ".bias", [out])) }
    }
    norm("input_layernorm", hiddenSize)
    linear("self_attn.q_proj", queries, hiddenSize, bias: hasAttentionBias)
    linear("self_attn.k_proj", keys, hiddenSize, bias: hasAttentionBias)
    linear("self_attn.v_proj", keys, hiddenSize, bias: hasAttentionBias)
    linear("self_attn.o_proj", hiddenSize, queries, bias: hasOutputBias)
    norm("self_attn.q_norm", headSize, if: normalizesHeads)
    norm("self_attn.k_norm", headSize, if: normalizesHeads)
    norm("post_attention_layernorm", hiddenSize)
    norm("pre_feedforward_layernorm", hiddenSize, if: normalizesOutputs)
    linear("mlp.gate_proj", intermediateSize, hiddenSize, bias: hasFeedForwardBias)
    linear("mlp.up_proj", intermediateSize, hiddenSize, bias: hasFeedForwardBias)
    linear("mlp.down_proj", hiddenSize, intermediateSize, bias: hasFeedForwardBias)
    norm("post_feedforward_layernorm", hiddenSize, if: normalizesOutputs)
    let table: Shape = [vocabularySize, hiddenSize]
    var shapes: [(name: String, shape: Shape)] = [("model.embed_tokens.weight", table)]
    for index in 0..<layers {
      shapes += block.map { (name: "model.layers.\(index).\($0.name)", shape: $0.shape) }
    }
    shapes.append(("model.norm.weight", [hiddenSize]))
    if !tiesEmbeddings { shapes.append(("lm_head.weight", table)) }
    return shapes
  }

  /// With h hidden, q = heads · headSize, k = keyHeads · headSize and f intermediate, a block keeps
  /// 2 h + 2 q + 2 k + 2 f + heads + 2 elements per token: the inputs of its norms, the rotated queries
  /// and keys, the values, the attention's output, gate and up; one number per query and head and one per
  /// row and norm. The norms' outputs and silu(gate) · up are recomputed when needed. The backward pass
  /// of the down projection holds h + 2 f more: the incoming gradient, and silu(gate) · up with its
  /// gradient. A norm of heads or of outputs also keeps its input and one number per row.
  public var activations: BlockActivations {
    let (queries, keys) = (heads * headSize, keyHeads * headSize)
    var kept = 2 * hiddenSize + 2 * queries + 2 * keys + 2 * intermediateSize + heads + 2
    if normalizesHeads { kept += queries + keys + heads + keyHeads }
    if normalizesOutputs { kept += 2 * hiddenSize + 2 }
    return BlockActivations(
      kept: kept,
      backward: hiddenSize + 2 * intermediateSize, attentionWidth: queries)
  }

  /// Makes a `Decoder`.
  public func makeModel(using linear: LayerBuilder) -> any LanguageModel {
    Decoder(self, using: linear)
  }

  /// The layout in GGUF files, by the family.
  public var gguf: GGUFLayout? { family.gguf }

  /// The place by the family's rule.
  public func place(of name: String) -> TensorPlace? { family.place(self, name) }
}
