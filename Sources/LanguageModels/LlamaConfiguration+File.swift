public import JSON
public import TensorFiles

extension LlamaConfiguration {
  /// Reads a Hugging Face `config.json`, both with `rope_theta` and with `rope_parameters`.
  ///
  /// - Throws: A `TensorFileError` that names the field, what was found and what was expected, where
  ///   the file cannot be read, lacks a field, or describes another model than a plain Llama.
  public init(path: String) throws(TensorFileError) {
    try self.init(JSONDocument(path: path))
  }

  /// Reads a configuration from the document of a `config.json`; see `init(path:)`.
  public init(_ document: JSONDocument) throws(TensorFileError) {
    for (field, only) in [("model_type", "llama"), ("hidden_act", "silu")] {
      try document.expect(field, only)
    }
    for field in ["attention_bias", "mlp_bias"] { try document.expectFalse(field) }
    let heads = try document.size("num_attention_heads")
    let keyHeads = try document.size("num_key_value_heads", or: heads)
    guard heads % keyHeads == 0 else {
      throw document.unsupported(
        "num_key_value_heads", "\(keyHeads)", "a divisor of the \(heads) heads")
    }
    let hiddenSize = try document.size("hidden_size")
    let headSize: Int
    if let size = try document.optionalInteger("head_dim") {
      headSize = size
    } else {
      guard hiddenSize % heads == 0 else {
        throw document.unsupported(
          "hidden_size", "\(hiddenSize)", "a multiple of the \(heads) heads")
      }
      headSize = hiddenSize / heads
    }
    guard headSize > 0, headSize % 2 == 0, headSize < 1 << 16 else {
      throw document.unsupported("head_dim", "\(headSize)", "a positive even size")
    }
    self.init(
      vocabularySize: try document.size("vocab_size"), hiddenSize: hiddenSize,
      intermediateSize: try document.size("intermediate_size"),
      layers: try document.size("num_hidden_layers"), heads: heads, keyHeads: keyHeads,
      headSize: headSize, maxPositions: try document.size("max_position_embeddings", or: 2_048),
      rmsNormEpsilon: try document.positive("rms_norm_eps", or: 1e-6),
      ropeTheta: try Self.ropeTheta(of: document),
      tiesEmbeddings: try document.optionalBoolean("tie_word_embeddings") ?? false,
      initializerDeviation: try document.positive("initializer_range", or: 0.02))
  }

  private static func ropeTheta(of document: JSONDocument) throws(TensorFileError) -> Double {
    for field in ["rope_parameters", "rope_scaling"] {
      guard let parameters = try document.optionalDocument(field) else { continue }
      let older = try parameters.optionalString("type")
      let type = try parameters.optionalString("rope_type") ?? older ?? "default"
      guard type == "default" else {
        throw TensorFileError(
          .unsupported, file: parameters.file, field: "'rope_type'", found: "'\(type)'",
          expected: "'default'",
          remedy: "Models whose rotary angles are rescaled for long texts are not supported")
      }
      if try parameters.optionalNumber("rope_theta") != nil {
        return try parameters.positive("rope_theta", or: 10_000)
      }
    }
    return try document.positive("rope_theta", or: 10_000)
  }

  /// The members of a `config.json` that Hugging Face's Llama reads.
  public var json: JSONObject {
    [
      "architectures": ["LlamaForCausalLM"],
      "attention_bias": false,
      "head_dim": .integer(headSize),
      "hidden_act": "silu",
      "hidden_size": .integer(hiddenSize),
      "initializer_range": .number(initializerDeviation),
      "intermediate_size": .integer(intermediateSize),
      "max_position_embeddings": .integer(maxPositions),
      "mlp_bias": false,
      "model_type": "llama",
      "num_attention_heads": .integer(heads),
      "num_hidden_layers": .integer(layers),
      "num_key_value_heads": .integer(keyHeads),
      "rms_norm_eps": .number(rmsNormEpsilon),
      "rope_theta": .number(ropeTheta),
      "tie_word_embeddings": .boolean(tiesEmbeddings),
      "vocab_size": .integer(vocabularySize),
    ]
  }

  /// Writes a `config.json`.
  public func write(to path: String) throws(TensorFileError) {
    try AtomicFile.write(JSONValue.object(json).text(.indented) + "\n", to: path)
  }
}
