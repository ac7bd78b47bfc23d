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
    func fail(_ field: String, _ found: String, _ expected: String) -> TensorFileError {
      TensorFileError(
        .unsupported, file: document.file, field: "'\(field)'", found: found, expected: expected)
    }
    func positive(_ name: String, or other: Int? = nil) throws(TensorFileError) -> Int {
      let value =
        if let other { try document.optionalInteger(name) ?? other } else {
          try document.integer(name)
        }
      // Beyond this products of two sizes overflow.
      guard value > 0, value < 1 << 31 else { throw fail(name, "\(value)", "a positive size") }
      return value
    }
    func constant(_ name: String, or other: Double) throws(TensorFileError) -> Double {
      let value = try document.optionalNumber(name) ?? other
      guard value > 0, value.isFinite else { throw fail(name, "\(value)", "a positive number") }
      return value
    }
    for (field, only) in [("model_type", "llama"), ("hidden_act", "silu")] {
      let found = try document.optionalString(field) ?? only
      guard found == only else { throw fail(field, "'\(found)'", "'\(only)'") }
    }
    for field in ["attention_bias", "mlp_bias"] {
      if try document.optionalBoolean(field) ?? false { throw fail(field, "true", "false") }
    }
    let heads = try positive("num_attention_heads")
    let keyHeads = try positive("num_key_value_heads", or: heads)
    guard heads % keyHeads == 0 else {
      throw fail("num_key_value_heads", "\(keyHeads)", "a divisor of the \(heads) heads")
    }
    let hiddenSize = try positive("hidden_size")
    let headSize: Int
    if let size = try document.optionalInteger("head_dim") {
      headSize = size
    } else {
      guard hiddenSize % heads == 0 else {
        throw fail("hidden_size", "\(hiddenSize)", "a multiple of the \(heads) heads")
      }
      headSize = hiddenSize / heads
    }
    guard headSize > 0, headSize % 2 == 0, headSize < 1 << 16 else {
      throw fail("head_dim", "\(headSize)", "a positive even size")
    }
    self.init(
      vocabularySize: try positive("vocab_size"), hiddenSize: hiddenSize,
      intermediateSize: try positive("intermediate_size"),
      layers: try positive("num_hidden_layers"), heads: heads, keyHeads: keyHeads,
      headSize: headSize, maxPositions: try positive("max_position_embeddings", or: 2_048),
      rmsNormEpsilon: try constant("rms_norm_eps", or: 1e-6),
      ropeTheta: try Self.ropeTheta(of: document),
      tiesEmbeddings: try document.optionalBoolean("tie_word_embeddings") ?? false,
      initializerDeviation: try constant("initializer_range", or: 0.02))
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
      if let theta = try parameters.optionalNumber("rope_theta") {
        return try positive(theta, in: parameters)
      }
    }
    return try positive(document.optionalNumber("rope_theta") ?? 10_000, in: document)
  }

  private static func positive(_ theta: Double, in document: JSONDocument)
    throws(TensorFileError) -> Double
  {
    guard theta > 0, theta.isFinite else {
      throw TensorFileError(
        .unsupported, file: document.file, field: "'rope_theta'", found: "\(theta)",
        expected: "a positive number")
    }
    return theta
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
