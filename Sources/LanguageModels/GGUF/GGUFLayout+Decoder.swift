internal import JSON
internal import Layers
internal import TensorFiles
internal import Tensors

extension GGUFLayout {
  /// The layout of models that a `Decoder` serves: what all share, and what a family has beside it.
  ///
  /// - Parameters:
  ///   - architecture: What `general.architecture` says.
  ///   - names: The names of tensors that differ from a Llama's.
  ///   - turnsNeighbours: Whether rotary attention turns neighbouring elements.
  ///   - read: Adds members of the `config.json` to those that all share.
  ///   - write: Adds to the metadata that all share, under keys without the architecture; throws where
  ///     llama.cpp computes something else than the model.
  static func decoder(
    _ architecture: String, names: [String: String] = [:], turnsNeighbours: Bool = false,
    read:
      @escaping @Sendable (GGUFFields, inout JSONObject) throws(TensorFileError) -> Void = { _, _ in
      },
    write:
      @escaping @Sendable (DecoderConfiguration, inout GGUFDecoderMetadata) throws(TensorFileError)
      -> Void = { _, _ in }
  ) -> GGUFLayout {
    GGUFLayout(
      architecture: architecture,
      names: decoderNames.merging(names) { $1 }, turnsNeighbours: turnsNeighbours,
      isTransposed: false,
      read: { fields throws(TensorFileError) in
        var json = try fields.decoder
        try read(fields, &json)
        return json
      },
      write: { configuration, file throws(TensorFileError) in
        guard let decoder = configuration as? DecoderConfiguration else {
          preconditionFailure("GGUFLayout: '\(architecture)' holds models of the Llama kind")
        }
        var metadata = try GGUFDecoderMetadata(decoder, architecture, file: file)
        try write(decoder, &metadata)
        return metadata.values
      })
  }

  private static let decoderNames = [
    "embed_tokens": "token_embd", "norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
    "self_attn.qkv_proj": "attn_qkv", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.gate_up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
  ]
}

extension GGUFFields {
  /// The members of a `config.json` that the models of all families have.
  fileprivate var decoder: JSONObject {
    get throws(TensorFileError) {
      if let experts = try optionalInteger("expert_count"), experts > 0 {
        throw unsupported("expert_count", "\(experts) experts", "a model without experts")
      }
      let (hidden, heads) = (
        try integer("embedding_length"), try integer("attention.head_count")
      )
      var json: JSONObject = [
        "hidden_size": .integer(hidden),
        "intermediate_size": .integer(try integer("feed_forward_length")),
        "max_position_embeddings": .integer(try integer("context_length")),
        "num_attention_heads": .integer(heads),
        "num_hidden_layers": .integer(try blockCount),
        "num_key_value_heads": .integer(try optionalInteger("attention.head_count_kv") ?? heads),
        "rope_theta": .number(try optionalNumber("rope.freq_base") ?? 10_000),
        "tie_word_embeddings": .boolean(!has("output.weight")),
        "vocab_size": .integer(try vocabularySize),
      ]
      if let epsilon = try optionalNumber("attention.layer_norm_rms_epsilon") {
        json["rms_norm_eps"] = .number(shortest(epsilon))
      }
      let size = try optionalInteger("attention.key_length")
      json["head_dim"] = size.map { .integer($0) }
      if let values = try optionalInteger("attention.value_length"), values != size,
        size != nil || heads == 0 || values != hidden / heads
      {
        throw unsupported(
          "attention.value_length", "\(values)", "heads of keys and values of one size")
      }
      if let turned = try optionalInteger("rope.dimension_count"), heads > 0,
        turned != size ?? hidden / heads
      {
        throw unsupported(
          "rope.dimension_count", "\(turned)",
          "\(size ?? hidden / heads), whole heads that are turned")
      }
      json["rope_scaling"] = try ropeScaling(headSize: size ?? hidden / max(1, heads))
      return json
    }
  }

  /// A number that a file holds in single precision as a `config.json` spells it.
  func shortest(_ number: Double) -> Double {
    Double(Float(number)) == number ? Double("\(Float(number))") ?? number : number
  }
}

/// The metadata of a decoder, under construction.
struct GGUFDecoderMetadata {
  let architecture: String
  let file: String
  private(set) var values = GGUFMetadata()

  /// What the models of all families have.
  init(_ model: DecoderConfiguration, _ architecture: String, file: String) throws(TensorFileError)
  {
    self.architecture = architecture
    self.file = file
    self["context_length"] = model.maxPositions
    self["embedding_length"] = model.hiddenSize
    self["block_count"] = model.layers
    self["feed_forward_length"] = model.intermediateSize
    self["attention.head_count"] = model.heads
    self["attention.head_count_kv"] = model.keyHeads
    self["attention.key_length"] = model.headSize
    self["attention.value_length"] = model.headSize
    self[number: "attention.layer_norm_rms_epsilon"] = model.rmsNormEpsilon
    self["rope.dimension_count"] = model.headSize
    self[number: "rope.freq_base"] = model.ropeTheta
    self["vocab_size"] = model.vocabularySize
    try set(model.ropeScaling)
    let activation: Activation = model.normOffset == 1 ? .geluTanh : .silu
    guard model.activation == activation else {
      throw unsupported(
        "hidden_act", "'\(model.activation.configurationName)'", "'\(activation.configurationName)'"
      )
    }
  }

  /// An integer of 32 bits.
  subscript(name: String) -> Int? {
    get { values["\(architecture).\(name)"]?.integerValue }
    set { values["\(architecture).\(name)"] = newValue.map { .uint32(UInt32(clamping: $0)) } }
  }

  /// A number in single precision.
  subscript(number name: String) -> Double? {
    get { values["\(architecture).\(name)"]?.numberValue }
    set { values["\(architecture).\(name)"] = newValue.map { .float32(Float($0)) } }
  }

  /// A text.
  subscript(text name: String) -> String? {
    get { values["\(architecture).\(name)"]?.stringValue }
    set { values["\(architecture).\(name)"] = newValue.map { .string($0) } }
  }

  /// Gives a model with a window, which llama.cpp passes over, no longer context than that.
  mutating func limitContext(of model: DecoderConfiguration) {
    self["context_length"] = min(model.maxPositions, model.window ?? .max)
  }

  /// The error of a model that llama.cpp would compute otherwise.
  func unsupported(_ field: String, _ found: String, _ expected: String) -> TensorFileError {
    TensorFileError(
      .unsupported, file: file, field: "'\(field)'", found: found,
      expected: "\(expected), as llama.cpp computes '\(architecture)'",
      remedy: "Write a Hugging Face folder instead")
  }
}
