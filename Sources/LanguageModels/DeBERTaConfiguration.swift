public import JSON
public import Layers
public import TensorFiles
public import Tensors

/// The sizes and constants of a DeBERTa of the second or third version (He et al., 2020,
/// arXiv 2006.03654; 2021, arXiv 2111.09543).
public struct DeBERTaConfiguration: Sendable, Hashable {
  /// Number of different tokens.
  public var vocabularySize: Int
  /// Size of the vector of a token.
  public var hiddenSize: Int
  /// Size inside the feed-forward layers.
  public var intermediateSize: Int
  /// Number of blocks.
  public var layers: Int
  /// Number of heads.
  public var heads: Int
  /// The longest sequence.
  public var maxPositions: Int
  /// Number of kinds of segments; 0 for a model that does not tell them apart.
  public var segments = 0
  /// Whether learned vectors of absolute positions are added to those of the tokens.
  public var addsPositions = false
  /// How many distances to either side have rows of their own or share some; nil for one each.
  public var buckets: Int? = 256
  /// The farthest distance that is told from nearer ones.
  public var farthest: Int
  /// Whether queries are compared with the positions of keys, and keys with those of queries.
  public var comparesQueries = true, comparesKeys = true
  /// Whether the positions' vectors go through a layer norm.
  public var normalizesPositions = true
  /// Added to the variance in the norms.
  public var layerNormEpsilon = 1e-7
  /// The function in the feed-forward layers.
  public var activation = Activation.gelu
  /// The share of elements that dropout sets to 0 in training.
  public var dropout = 0.1
  /// The function of the layer before a classifier's last one.
  public var poolerActivation = Activation.gelu
  /// The share of that layer's inputs that dropout sets to 0, and of the last one's, `dropout` when nil.
  public var poolerDropout = 0.0, classifierDropout: Double?
  /// Standard deviation of the initial values of matrices.
  public var initializerDeviation = 0.02

  /// A configuration; the defaults are those of the third version's base model.
  public init(
    vocabularySize: Int = 128_100, hiddenSize: Int = 768, intermediateSize: Int? = nil,
    layers: Int = 12, heads: Int = 12, maxPositions: Int = 512
  ) {
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize ?? 4 * hiddenSize
    self.layers = layers
    self.heads = heads
    self.maxPositions = maxPositions
    farthest = maxPositions
  }

  /// Size of a head.
  public var headSize: Int { hiddenSize / max(1, heads) }
  /// Half the rows of the table of relative positions.
  var span: Int { buckets ?? farthest }

  /// How the parts are called.
  static let names = TextEncoderConfiguration.Family.Names(
    query: "attention.self.query_proj", key: "attention.self.key_proj",
    value: "attention.self.value_proj")
  var shapes: EncoderShapes {
    EncoderShapes(
      hiddenSize: hiddenSize, intermediateSize: intermediateSize, layers: layers, names: Self.names)
  }
}

extension DeBERTaConfiguration: TextModelConfiguration {
  /// `deberta-v2`, of the third version too.
  public var modelType: String { "deberta-v2" }
  /// `layers`.
  public var blockCount: Int {
    get { layers }
    set { layers = newValue }
  }
  /// There is no head for tokens.
  public var tiesEmbeddings: Bool { true }
  /// There is no head for tokens.
  public var predictsTokens: Bool { false }

  /// The linear layers of all blocks.
  public var linearShapes: [LinearShape] { shapes.linear }

  /// The names and shapes of the model's tensors.
  public var tensorShapes: [(name: String, shape: Shape)] {
    let own = self.shapes
    var shapes = own.embeddings(
      tokens: vocabularySize, positions: addsPositions ? maxPositions : 0, segments: segments)
    shapes += own.blocks
    shapes.append(("encoder.rel_embeddings.weight", [2 * span, hiddenSize]))
    if normalizesPositions { shapes += EncoderShapes.layer("encoder.LayerNorm", [hiddenSize]) }
    return shapes
  }

  /// Those of a BERT, and the inputs of queries and keys with the positions behind them.
  public var activations: BlockActivations {
    BlockActivations(
      kept: 7 * hiddenSize + intermediateSize + heads + 4,
      backward: hiddenSize + 2 * intermediateSize, attentionWidth: 3 * hiddenSize)
  }

  /// By the first token's vector, through a layer and gelu.
  public var classification: ClassifierLayout {
    ClassifierLayout(
      architecture: "DebertaV2ForSequenceClassification", bodyName: "deberta",
      pooler: .init("pooler.dense", activation: poolerActivation, dropout: poolerDropout),
      dropout: classifierDropout ?? dropout)
  }

  /// A `DeBERTa`.
  public func makeTextModel(using linear: LayerBuilder) -> any TextModel {
    DeBERTa(self, using: linear)
  }
}

extension ModelFamily {
  /// DeBERTa's second and third versions.
  static let deBERTa = ModelFamily("deberta-v2") { document throws(TensorFileError) in
    try DeBERTaConfiguration(document)
  }
}

extension DeBERTaConfiguration {
  /// Reads a configuration from the document of a `config.json`.
  ///
  /// - Throws: A `TensorFileError` that names the field, what was found and what was expected.
  public init(_ document: JSONDocument) throws(TensorFileError) {
    try document.expect("model_type", "deberta-v2")
    let (hiddenSize, heads) = (
      try document.size("hidden_size"), try document.size("num_attention_heads")
    )
    guard hiddenSize % heads == 0 else {
      throw document.unsupported("hidden_size", "\(hiddenSize)", "a multiple of the \(heads) heads")
    }
    for field in ["relative_attention", "share_att_key"] {
      guard try document.optionalBoolean(field) ?? false else {
        throw document.unsupported(
          field, "false", "true: positions that are compared by the tokens' own layers")
      }
    }
    for (field, only) in [
      ("conv_kernel_size", 0), ("embedding_size", hiddenSize),
      ("attention_head_size", hiddenSize / heads),
      ("pooler_hidden_size", hiddenSize),
    ] {
      let found = try document.optionalInteger(field) ?? only
      guard found == only else { throw document.unsupported(field, "\(found)", "\(only)") }
    }
    let norm = try document.optionalString("norm_rel_ebd") ?? "none"
    guard norm == "none" || norm == "layer_norm" else {
      throw document.unsupported("norm_rel_ebd", "'\(norm)'", "'none' or 'layer_norm'")
    }
    let kinds = try Self.comparisons(document)
    self.init(
      vocabularySize: try document.size("vocab_size"), hiddenSize: hiddenSize,
      intermediateSize: try document.size("intermediate_size"),
      layers: try document.size("num_hidden_layers"), heads: heads,
      maxPositions: try document.size("max_position_embeddings", or: 512))
    comparesQueries = kinds.contains("c2p")
    comparesKeys = kinds.contains("p2c")
    let count = try document.optionalInteger("type_vocab_size") ?? 0
    segments = count == 0 ? 0 : try document.size("type_vocab_size")
    addsPositions = try document.optionalBoolean("position_biased_input") ?? true
    let farthest = try document.optionalInteger("max_relative_positions") ?? -1
    if farthest >= 1 { self.farthest = try document.size("max_relative_positions") }
    let found = try document.optionalInteger("position_buckets") ?? -1
    buckets = found > 0 ? found : nil
    guard found <= 0 || (found >= 4 && found % 2 == 0 && found / 2 + 1 < self.farthest) else {
      throw document.unsupported(
        "position_buckets", "\(found)", "an even count from 4, below twice max_relative_positions")
    }
    normalizesPositions = norm == "layer_norm"
    layerNormEpsilon = try document.number("layer_norm_eps", or: 1e-7, in: 0...1)
    activation = try document.activation("hidden_act", or: "gelu")
    dropout = try document.number("hidden_dropout_prob", or: 0.1, in: 0...0.999)
    poolerActivation = try document.activation("pooler_hidden_act", or: "gelu")
    poolerDropout = try document.number("pooler_dropout", or: 0, in: 0...0.999)
    if try document.optionalNumber("cls_dropout") != nil {
      classifierDropout = try document.number("cls_dropout", or: 0, in: 0...0.999)
    }
    initializerDeviation = try document.number("initializer_range", or: 0.02, in: 0...1e6)
  }

  /// The kinds in `pos_att_type`, of either form: `"c2p|p2c"`, or a list.
  private static func comparisons(_ document: JSONDocument) throws(TensorFileError) -> Set<String> {
    let value = document.object["pos_att_type"] ?? .null
    let found =
      value.stringValue?.lowercased().split(separator: "|").map { String($0) }
      ?? value.arrayValue?.compactMap(\.stringValue) ?? []
    let kinds = Set(found)
    guard kinds.isSubset(of: ["c2p", "p2c"]), value.arrayValue?.count ?? found.count == found.count
    else { throw document.unsupported("pos_att_type", "\(found)", "'c2p', 'p2c' or both") }
    return kinds
  }

  /// The members of a `config.json` that Hugging Face's DeBERTa reads.
  public var json: JSONObject {
    var json: JSONObject = [
      "attention_probs_dropout_prob": 0.0,
      "hidden_act": .string(activation.configurationName),
      "hidden_dropout_prob": .number(dropout),
      "hidden_size": .integer(hiddenSize),
      "initializer_range": .number(initializerDeviation),
      "intermediate_size": .integer(intermediateSize),
      "layer_norm_eps": .number(layerNormEpsilon),
      "max_position_embeddings": .integer(maxPositions),
      "max_relative_positions": .integer(farthest),
      "model_type": .string(modelType),
      "norm_rel_ebd": normalizesPositions ? "layer_norm" : "none",
      "num_attention_heads": .integer(heads),
      "num_hidden_layers": .integer(layers),
      "pooler_dropout": .number(poolerDropout),
      "pooler_hidden_act": .string(poolerActivation.configurationName),
      "pooler_hidden_size": .integer(hiddenSize),
      "pos_att_type": .array(
        (comparesKeys ? ["p2c"] : []) + (comparesQueries ? ["c2p"] : [])),
      "position_biased_input": .boolean(addsPositions),
      "position_buckets": .integer(buckets ?? -1),
      "relative_attention": true,
      "share_att_key": true,
      "type_vocab_size": .integer(segments),
      "vocab_size": .integer(vocabularySize),
    ]
    json["cls_dropout"] = classifierDropout.map { .number($0) }
    return json
  }
}
