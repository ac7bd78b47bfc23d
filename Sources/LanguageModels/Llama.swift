internal import JSON
internal import TensorFiles

/// A Llama (Touvron et al., 2023, arXiv 2302.13971), which `Decoder` implements.
public typealias Llama = Decoder
/// The sizes and constants of a Llama.
public typealias LlamaConfiguration = DecoderConfiguration
/// One block of a Llama.
public typealias LlamaBlock = DecoderBlock

extension DecoderFamily {
  /// Llama 1 to 3, and models that declare themselves Llamas.
  public static let llama = DecoderFamily(
    "llama", architecture: "LlamaForCausalLM",
    read: { llama, document throws(TensorFileError) in
      let hasBias = try document.optionalBoolean("attention_bias") ?? false
      llama.hasAttentionBias = hasBias
      llama.hasOutputBias = hasBias
      llama.hasFeedForwardBias = try document.optionalBoolean("mlp_bias") ?? false
    },
    write: { llama in
      [
        "attention_bias": .boolean(llama.hasAttentionBias),
        "mlp_bias": .boolean(llama.hasFeedForwardBias),
      ]
    },
    gguf: .llama)
}

extension GGUFLayout {
  /// Llamas and what is one but for the name: neighbours are turned, and there may be biases.
  static let llama = decoder(
    "llama", turnsNeighbours: true,
    read: { fields, json throws(TensorFileError) in
      json["attention_bias"] = .boolean(fields.has("blk.0.attn_q.bias"))
      json["mlp_bias"] = .boolean(fields.has("blk.0.ffn_gate.bias"))
    },
    write: { $1.limitContext(of: $0) })
}
