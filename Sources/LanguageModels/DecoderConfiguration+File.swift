public import JSON
public import TensorFiles

extension DecoderConfiguration {
  /// Reads a Hugging Face `config.json` of any family that `Decoder` implements.
  ///
  /// - Throws: A `TensorFileError` that names the field, what was found and what was expected, if the
  ///   file cannot be read, lacks a field, or describes a different kind of model.
  public init(path: String) throws(TensorFileError) {
    try self.init(JSONDocument(path: path))
  }

  /// Reads a configuration from the document of a `config.json`; see `init(path:)`.
  public init(_ document: JSONDocument) throws(TensorFileError) {
    let found = try ModelFamily.configuration(document)
    guard let decoder = found as? DecoderConfiguration else {
      throw document.unsupported(
        "model_type", "'\(found.modelType)'", "a model of the Llama kind")
    }
    self = decoder
  }

  /// Reads a configuration of a family from the document of a `config.json`.
  public init(_ document: JSONDocument, of family: DecoderFamily) throws(TensorFileError) {
    let document = document.filled(with: family.defaults)
    try document.expect("model_type", family.modelType)
    let heads = try document.size("num_attention_heads")
    let keyHeads = try document.size("num_key_value_heads", or: heads)
    guard heads % keyHeads == 0 else {
      throw document.unsupported(
        "num_key_value_heads", "\(keyHeads)", "a divisor of the \(heads) heads")
    }
    let hiddenSize = try document.size("hidden_size")
    let layers = try document.size("num_hidden_layers")
    self.init(
      vocabularySize: try document.size("vocab_size"), hiddenSize: hiddenSize,
      intermediateSize: try document.size("intermediate_size"), layers: layers, heads: heads,
      keyHeads: keyHeads, headSize: try document.headSize(hiddenSize: hiddenSize, heads: heads),
      maxPositions: try document.size("max_position_embeddings", or: 2_048),
      rmsNormEpsilon: try document.positive("rms_norm_eps", or: 1e-6),
      tiesEmbeddings: try document.optionalBoolean("tie_word_embeddings") ?? false,
      initializerDeviation: try document.positive("initializer_range", or: 0.02))
    self.family = family
    activation = try document.activation("hidden_act")
    (ropeTheta, ropeScaling) = try document.rope(maxPositions: maxPositions)
    try family.read(&self, document)
  }

  /// The members of a `config.json` that Hugging Face's models of the family read.
  public var json: JSONObject {
    var json: JSONObject = [
      "architectures": [.string(family.architecture)],
      "head_dim": .integer(headSize),
      "hidden_act": .string(activation.configurationName),
      "hidden_size": .integer(hiddenSize),
      "initializer_range": .number(initializerDeviation),
      "intermediate_size": .integer(intermediateSize),
      "max_position_embeddings": .integer(maxPositions),
      "model_type": .string(modelType),
      "num_attention_heads": .integer(heads),
      "num_hidden_layers": .integer(layers),
      "num_key_value_heads": .integer(keyHeads),
      "rms_norm_eps": .number(rmsNormEpsilon),
      "rope_theta": .number(ropeTheta),
      "tie_word_embeddings": .boolean(tiesEmbeddings),
      "vocab_size": .integer(vocabularySize),
    ]
    json["rope_scaling"] = ropeScaling.json.map { .object($0) }
    for (key, value) in family.write(self) { json[key] = value }
    // Sorted by key, as Hugging Face writes it.
    var sorted = JSONObject()
    for key in json.keys.sorted() { sorted[key] = json[key] }
    return sorted
  }

  /// Writes a `config.json`.
  public func write(to path: String) throws(TensorFileError) {
    try AtomicFile.write(JSONValue.object(json).text(.indented) + "\n", to: path)
  }
}
