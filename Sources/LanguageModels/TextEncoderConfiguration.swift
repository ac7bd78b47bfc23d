public import JSON
public import Layers
public import TensorFiles

/// The sizes and constants of a text encoder (Devlin et al., 2018, arXiv 1810.04805).
public struct TextEncoderConfiguration: Sendable, Hashable {
  /// The family that decides the names and positions in a checkpoint.
  public enum Family: String, Sendable, Hashable {
    /// BERT: positions from 0.
    case bert
    /// RoBERTa (Liu et al., 2019, arXiv 1907.11692): positions from 2, after that of padding.
    case roberta
  }

  /// The family.
  public var family: Family
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
  /// Number of kinds of segments: 2 for pairs of texts.
  public var segments: Int
  /// Added to the variance in the norms.
  public var layerNormEpsilon: Double
  /// The function in the feed-forward layers.
  public var activation: Activation
  /// The share of elements that dropout sets to 0 in training.
  public var dropout: Double
  /// Standard deviation of the initial values of matrices.
  public var initializerDeviation: Double

  /// A configuration; the defaults are those of BERT's smaller model.
  public init(
    family: Family = .bert, vocabularySize: Int = 30_522, hiddenSize: Int = 768,
    intermediateSize: Int? = nil, layers: Int = 12, heads: Int = 12, maxPositions: Int = 512,
    segments: Int = 2, layerNormEpsilon: Double = 1e-12, activation: Activation = .gelu,
    dropout: Double = 0.1, initializerDeviation: Double = 0.02
  ) {
    self.family = family
    self.vocabularySize = vocabularySize
    self.hiddenSize = hiddenSize
    self.intermediateSize = intermediateSize ?? 4 * hiddenSize
    self.layers = layers
    self.heads = heads
    self.maxPositions = maxPositions
    self.segments = segments
    self.layerNormEpsilon = layerNormEpsilon
    self.activation = activation
    self.dropout = dropout
    self.initializerDeviation = initializerDeviation
  }

  /// The row of the first position in the table of positions.
  var positionOffset: Int { family == .roberta ? 2 : 0 }
}

extension TextEncoderConfiguration {
  /// Reads a Hugging Face `config.json` of a BERT or RoBERTa.
  ///
  /// - Throws: A `TensorFileError` that names the field, what was found and what was expected, if the
  ///   file cannot be read, lacks a field, or describes a different kind of model.
  public init(path: String) throws(TensorFileError) {
    try self.init(JSONDocument(path: path))
  }

  /// Reads a configuration from the document of a `config.json`; see `init(path:)`.
  public init(_ document: JSONDocument) throws(TensorFileError) {
    let type = try document.string("model_type")
    guard let family = Family(rawValue: type) else {
      throw document.unsupported("model_type", "'\(type)'", "'bert' or 'roberta'")
    }
    try document.expect("position_embedding_type", "absolute")
    try document.expectFalse("is_decoder")
    let activation = try document.activation("hidden_act", or: "gelu")
    let (hiddenSize, heads) = (
      try document.size("hidden_size"), try document.size("num_attention_heads")
    )
    guard hiddenSize % heads == 0 else {
      throw document.unsupported("hidden_size", "\(hiddenSize)", "a multiple of the \(heads) heads")
    }
    let positions = try document.size("max_position_embeddings", or: 512)
    let offset = family == .roberta ? 2 : 0
    guard positions > offset else {
      throw document.unsupported("max_position_embeddings", "\(positions)", "more than \(offset)")
    }
    self.init(
      family: family, vocabularySize: try document.size("vocab_size"), hiddenSize: hiddenSize,
      intermediateSize: try document.size("intermediate_size"),
      layers: try document.size("num_hidden_layers"),
      heads: heads, maxPositions: positions - offset,
      segments: try document.size("type_vocab_size", or: 2),
      layerNormEpsilon: try document.number("layer_norm_eps", or: 1e-12, in: 0...1),
      activation: activation,
      dropout: try document.number("hidden_dropout_prob", or: 0.1, in: 0...0.999),
      initializerDeviation: try document.number("initializer_range", or: 0.02, in: 0...1e6))
  }

  /// The members of a `config.json` that Hugging Face's encoders read.
  public var json: JSONObject {
    [
      "attention_probs_dropout_prob": 0.0,
      "hidden_act": .string(activation.configurationName),
      "hidden_dropout_prob": .number(dropout),
      "hidden_size": .integer(hiddenSize),
      "initializer_range": .number(initializerDeviation),
      "intermediate_size": .integer(intermediateSize),
      "layer_norm_eps": .number(layerNormEpsilon),
      "max_position_embeddings": .integer(maxPositions + positionOffset),
      "model_type": .string(family.rawValue),
      "num_attention_heads": .integer(heads),
      "num_hidden_layers": .integer(layers),
      "position_embedding_type": "absolute",
      "type_vocab_size": .integer(segments),
      "vocab_size": .integer(vocabularySize),
    ]
  }
}
