internal import JSON
internal import TensorFiles

extension DecoderFamily {
  /// Qwen3 (Yang et al., 2025, arXiv 2505.09388): the heads of queries and keys are normalised.
  public static let qwen3 = DecoderFamily(
    "qwen3", architecture: "Qwen3ForCausalLM",
    defaults: [
      "max_position_embeddings": 32_768, "num_key_value_heads": 32, "head_dim": 128,
    ],
    read: { qwen, document throws(TensorFileError) in
      let hasBias = try document.optionalBoolean("attention_bias") ?? false
      qwen.hasAttentionBias = hasBias
      qwen.hasOutputBias = hasBias
      qwen.normalizesHeads = true
      try qwen.readQwenWindow(document)
    },
    write: { qwen in
      var json = qwen.qwenWindow
      json["attention_bias"] = .boolean(qwen.hasAttentionBias)
      return json
    },
    gguf: .decoder(
      "qwen3",
      write: { qwen, metadata throws(TensorFileError) in
        try metadata.refuseBiases(of: qwen)
        metadata.limitContext(of: qwen)
      }))
}
