public import JSON
internal import Layers
public import TensorFiles

extension TextEncoderConfiguration {
  /// Whose names and positions a checkpoint has.
  public enum Family: String, Sendable, Hashable, CaseIterable {
    /// BERT: positions from 0.
    case bert
    /// RoBERTa (Liu et al., 2019, arXiv 1907.11692): positions from 2, the first after that of padding.
    case roberta
    /// XLM-RoBERTa (Conneau et al., 2019, arXiv 1911.02116), in everything but its tokens a RoBERTa.
    case xlmRoberta = "xlm-roberta"
    /// DistilBERT (Sanh et al., 2019, arXiv 1910.01108): no segments, other names.
    case distilBERT = "distilbert"

    /// Row of the first position in the table of positions.
    var positionOffset: Int { self == .roberta || self == .xlmRoberta ? 2 : 0 }

    /// How Hugging Face names the parts of a model, and within a block those of the block.
    struct Names: Sendable {
      var tokens = "embeddings.word_embeddings"
      var positions = "embeddings.position_embeddings"
      var segments = "embeddings.token_type_embeddings"
      var norm = "embeddings.LayerNorm"
      var blocks = "encoder.layer"
      var query = "attention.self.query"
      var key = "attention.self.key"
      var value = "attention.self.value"
      var output = "attention.output.dense"
      var attentionNorm = "attention.output.LayerNorm"
      var up = "intermediate.dense"
      var down = "output.dense"
      var feedForwardNorm = "output.LayerNorm"
    }

    var names: Names {
      guard self == .distilBERT else { return Names() }
      return Names(
        blocks: "transformer.layer", query: "attention.q_lin", key: "attention.k_lin",
        value: "attention.v_lin", output: "attention.out_lin", attentionNorm: "sa_layer_norm",
        up: "ffn.lin1", down: "ffn.lin2", feedForwardNorm: "output_layer_norm")
    }

    /// The names of the fields of a `config.json`.
    fileprivate struct Fields {
      var hiddenSize = "hidden_size"
      var intermediateSize = "intermediate_size"
      var layers = "num_hidden_layers"
      var heads = "num_attention_heads"
      var activation = "hidden_act"
      var dropout = "hidden_dropout_prob"
      var attentionDropout = "attention_probs_dropout_prob"
      var classifierDropout = "classifier_dropout"
    }

    fileprivate var fields: Fields {
      guard self == .distilBERT else { return Fields() }
      return Fields(
        hiddenSize: "dim", intermediateSize: "hidden_dim", layers: "n_layers", heads: "n_heads",
        activation: "activation", dropout: "dropout", attentionDropout: "attention_dropout",
        classifierDropout: "seq_classif_dropout")
    }
  }

  /// Reads a Hugging Face `config.json` of an encoder of these families.
  ///
  /// - Throws: A `TensorFileError` that names the field, what was found and what was expected, where
  ///   the file cannot be read, lacks a field, or describes another model.
  public init(path: String) throws(TensorFileError) {
    try self.init(JSONDocument(path: path))
  }

  /// Reads a configuration from the document of a `config.json`; see `init(path:)`.
  public init(_ document: JSONDocument) throws(TensorFileError) {
    let type = try document.string("model_type")
    guard let family = Family(rawValue: type) else {
      let names = Family.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
      throw document.unsupported("model_type", "'\(type)'", "one of \(names)")
    }
    try document.expect("position_embedding_type", "absolute")
    try document.expectFalse("is_decoder")
    let fields = family.fields
    let (hiddenSize, heads) = (
      try document.size(fields.hiddenSize), try document.size(fields.heads)
    )
    guard hiddenSize % heads == 0 else {
      throw document.unsupported(
        fields.hiddenSize, "\(hiddenSize)", "a multiple of the \(heads) heads")
    }
    let positions = try document.size("max_position_embeddings", or: 512)
    let offset = family.positionOffset
    guard positions > offset else {
      throw document.unsupported("max_position_embeddings", "\(positions)", "more than \(offset)")
    }
    self.init(
      family: family, vocabularySize: try document.size("vocab_size"), hiddenSize: hiddenSize,
      intermediateSize: try document.size(fields.intermediateSize),
      layers: try document.size(fields.layers),
      heads: heads, maxPositions: positions - offset,
      segments: family == .distilBERT ? 0 : try document.size("type_vocab_size", or: 2),
      layerNormEpsilon: try document.number("layer_norm_eps", or: 1e-12, in: 0...1),
      activation: try document.activation(fields.activation, or: "gelu"),
      dropout: try document.number(fields.dropout, or: 0.1, in: 0...0.999),
      initializerDeviation: try document.number("initializer_range", or: 0.02, in: 0...1e6))
    if try document.optionalNumber(fields.classifierDropout) != nil {
      classifierDropout = try document.number(fields.classifierDropout, or: 0, in: 0...0.999)
    }
  }

  /// The members of a `config.json` that Hugging Face's encoders read.
  public var json: JSONObject {
    let fields = family.fields
    var json: JSONObject = [
      fields.activation: .string(activation.configurationName),
      fields.attentionDropout: 0.0,
      fields.dropout: .number(dropout),
      fields.heads: .integer(heads),
      fields.hiddenSize: .integer(hiddenSize),
      fields.intermediateSize: .integer(intermediateSize),
      fields.layers: .integer(layers),
      "initializer_range": .number(initializerDeviation),
      "max_position_embeddings": .integer(maxPositions + positionOffset),
      "model_type": .string(family.rawValue),
      "vocab_size": .integer(vocabularySize),
    ]
    json[fields.classifierDropout] = classifierDropout.map { .number($0) }
    guard family != .distilBERT else { return json }
    json["layer_norm_eps"] = .number(layerNormEpsilon)
    json["position_embedding_type"] = "absolute"
    json["type_vocab_size"] = .integer(segments)
    return json
  }
}

extension ModelFamily {
  /// A family that a `TextEncoder` serves.
  init(_ family: TextEncoderConfiguration.Family) {
    self.init(family.rawValue) { document throws(TensorFileError) in
      try TextEncoderConfiguration(document)
    }
  }
}
