public import JSON
public import Layers
public import TensorFiles
public import Tensors

/// The sizes and constants of a GPT-2 (Radford et al., 2019).
public struct GPT2Configuration: ModelConfiguration {
  /// Number of different tokens.
  public var vocabularySize: Int
  /// Size of the vector of a token.
  public var hiddenSize: Int
  /// Size inside the feed-forward layers.
  public var intermediateSize: Int
  /// Number of blocks.
  public var layers: Int
  /// Number of heads, a divisor of `hiddenSize`.
  public var heads: Int
  /// The longest sequence.
  public var maxPositions: Int
  /// Added to the variance in the norms.
  public var layerNormEpsilon: Double
  /// The function in the feed-forward layers.
  public var activation: Activation
  /// Whether the head is the transposed embedding.
  public var tiesEmbeddings: Bool
  /// Standard deviation of the initial values of matrices.
  public var initializerDeviation: Double

  /// A configuration; the defaults are those of the smallest model.
  public init(
    vocabularySize: Int = 50_257, hiddenSize: Int = 768, intermediateSize: Int? = nil,
    layers: Int = 12, heads: Int = 12, maxPositions: Int = 1_024, layerNormEpsilon: Double = 1e-5,
    activation: Activation = .geluTanh, tiesEmbeddings: Bool = true,
    initializerDeviation: Double = 0.02
  ) {
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize ?? 4 * hiddenSize
    self.layers = layers
    self.heads = heads
    self.maxPositions = maxPositions
    self.layerNormEpsilon = layerNormEpsilon
    self.activation = activation
    self.tiesEmbeddings = tiesEmbeddings
    self.initializerDeviation = initializerDeviation
  }

  /// Size of a head.
  public var headSize: Int { hiddenSize / max(1, heads) }
  /// `gpt2`.
  public var modelType: String { "gpt2" }
  /// `layers`.
  public var blockCount: Int {
    get { layers }
    set { layers = newValue }
  }

  /// The linear layers of all blocks, with queries, keys and values separate.
  public var linearShapes: [LinearShape] {
    let block = ["q_proj", "k_proj", "v_proj", "o_proj"].map {
      LinearShape($0, out: hiddenSize, in: hiddenSize)
    }
    return (0..<layers).flatMap { _ in
      block + [
        LinearShape("up_proj", out: intermediateSize, in: hiddenSize),
        LinearShape("down_proj", out: hiddenSize, in: intermediateSize),
      ]
    }
  }

  /// The names and shapes of the model's tensors.
  public var tensorShapes: [(name: String, shape: Shape)] {
    func layer(_ name: String, _ shape: Shape) -> [(name: String, shape: Shape)] {
      [(name + ".weight", shape), (name + ".bias", [shape[0]])]
    }
    let (h, f) = (hiddenSize, intermediateSize)
    let block =
      layer("ln_1", [h])
      + ["q_proj", "k_proj", "v_proj", "o_proj"].flatMap { layer("attn." + $0, [h, h]) }
      + layer("ln_2", [h]) + layer("mlp.up_proj", [f, h]) + layer("mlp.down_proj", [h, f])
    var shapes: [(name: String, shape: Shape)] = [
      ("transformer.wte.weight", [vocabularySize, h]),
      ("transformer.wpe.weight", [maxPositions, h]),
    ]
    for index in 0..<layers {
      shapes += block.map { (name: "transformer.h.\(index).\($0.name)", shape: $0.shape) }
    }
    shapes += layer("transformer.ln_f", [h])
    if !tiesEmbeddings { shapes.append(("lm_head.weight", [vocabularySize, h])) }
    return shapes
  }

  /// With h hidden and f intermediate, a block keeps 6 h + f + heads + 4 elements per token: the inputs
  /// of its norms with two numbers per row, queries, keys, values, the attention's output with one number
  /// per head, and the input of the feed-forward's function. The backward pass of the down projection
  /// holds h + 2 f more.
  public var activations: BlockActivations {
    BlockActivations(
      kept: 6 * hiddenSize + intermediateSize + heads + 4,
      backward: hiddenSize + 2 * intermediateSize, attentionWidth: hiddenSize)
  }

  /// Makes a `GPT2`.
  public func makeModel(using linear: LayerBuilder) -> any LanguageModel {
    GPT2(self, using: linear)
  }

  /// The layout in GGUF files.
  public var gguf: GGUFLayout? { .gpt2 }

  /// The place of a tensor in published files, which hold matrices as `[in, out]`, and queries, keys and
  /// values fused.
  public func place(of name: String) -> TensorPlace? {
    let h = hiddenSize
    let places: [(own: String, published: String, part: Int?)] = [
      ("attn.q_proj", "attn.c_attn", 0), ("attn.k_proj", "attn.c_attn", 1),
      ("attn.v_proj", "attn.c_attn", 2), ("attn.o_proj", "attn.c_proj", nil),
      ("mlp.up_proj", "mlp.c_fc", nil), ("mlp.down_proj", "mlp.c_proj", nil),
    ]
    for (own, published, part) in places {
      for kind in ["weight", "bias"] where name.hasSuffix(".\(own).\(kind)") {
        let prefix = name.dropLast(own.count + kind.count + 1)
        return TensorPlace(
          "\(prefix)\(published).\(kind)", rows: part.map { $0 * h..<($0 + 1) * h },
          of: part.map { _ in 3 * h }, isTransposed: kind == "weight")
      }
    }
    return nil
  }
}

extension ModelFamily {
  /// GPT-2 (Radford et al., 2019).
  static let gpt2 = ModelFamily("gpt2", gguf: .gpt2) { document throws(TensorFileError) in
    try GPT2Configuration(document)
  }
}

extension GPT2Configuration {
  /// Reads a configuration from the document of a `config.json`.
  ///
  /// - Throws: A `TensorFileError` that names the field, what was found and what was expected.
  public init(_ document: JSONDocument) throws(TensorFileError) {
    try document.expect("model_type", "gpt2")
    for field in ["scale_attn_by_inverse_layer_idx", "add_cross_attention"] {
      try document.expectFalse(field)
    }
    guard try document.optionalBoolean("scale_attn_weights") ?? true else {
      throw document.unsupported("scale_attn_weights", "false", "true")
    }
    let (size, heads) = (
      try document.size("n_embd", or: 768), try document.size("n_head", or: 12)
    )
    guard size % heads == 0 else {
      throw document.unsupported("n_embd", "\(size)", "a multiple of the \(heads) heads")
    }
    self.init(
      vocabularySize: try document.size("vocab_size", or: 50_257), hiddenSize: size,
      intermediateSize: try document.size("n_inner", or: 4 * size),
      layers: try document.size("n_layer", or: 12), heads: heads,
      maxPositions: try document.size("n_positions", or: 1_024),
      layerNormEpsilon: try document.positive("layer_norm_epsilon", or: 1e-5),
      activation: try document.activation("activation_function", or: "gelu_new"),
      tiesEmbeddings: try document.optionalBoolean("tie_word_embeddings") ?? true,
      initializerDeviation: try document.positive("initializer_range", or: 0.02))
  }

  /// The members of a `config.json` that Hugging Face's GPT-2 reads.
  public var json: JSONObject {
    [
      "activation_function": .string(activation.configurationName),
      "architectures": ["GPT2LMHeadModel"],
      "initializer_range": .number(initializerDeviation),
      "layer_norm_epsilon": .number(layerNormEpsilon),
      "model_type": "gpt2",
      "n_embd": .integer(hiddenSize),
      "n_head": .integer(heads),
      "n_inner": .integer(intermediateSize),
      "n_layer": .integer(layers),
      "n_positions": .integer(maxPositions),
      "tie_word_embeddings": .boolean(tiesEmbeddings),
      "vocab_size": .integer(vocabularySize),
    ]
  }
}
