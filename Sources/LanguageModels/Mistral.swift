internal import JSON
internal import TensorFiles

extension DecoderFamily {
  /// Mistral (Jiang et al., 2023, arXiv 2310.06825): each token attends to a window of those before it.
  public static let mistral = DecoderFamily(
    "mistral", architecture: "MistralForCausalLM",
    defaults: ["max_position_embeddings": 131_072, "num_key_value_heads": 8],
    read: { mistral, document throws(TensorFileError) in
      // Null means no window; files of the first model lack the field and mean 4096.
      let isGiven = document.object["sliding_window"] != nil
      guard try document.optionalInteger("sliding_window") != nil || !isGiven else { return }
      mistral.window = try document.size("sliding_window", or: 4_096)
      mistral.blockKinds = [.init(isWindowed: true)]
    },
    write: { ["sliding_window": $0.window.map { .integer($0) } ?? .null] },
    gguf: .llama)
}
