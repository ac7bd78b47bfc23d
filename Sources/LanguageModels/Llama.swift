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
    })
}
