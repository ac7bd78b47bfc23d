internal import JSON
internal import TensorFiles

extension DecoderFamily {
  /// Qwen2 and Qwen2.5 (Yang et al., 2024, arXiv 2407.10671): biases on queries, keys and values.
  public static let qwen2 = DecoderFamily(
    "qwen2", architecture: "Qwen2ForCausalLM",
    defaults: ["max_position_embeddings": 32_768, "num_key_value_heads": 32],
    read: { qwen, document throws(TensorFileError) in
      qwen.hasAttentionBias = true
      try qwen.readQwenWindow(document)
    },
    write: { $0.qwenWindow },
    gguf: .decoder("qwen2", write: { $1.limitContext(of: $0) }))
}

extension DecoderConfiguration {
  /// Reads the window of the upper blocks, which `use_sliding_window` turns on.
  mutating func readQwenWindow(_ document: JSONDocument) throws(TensorFileError) {
    let types = try document.windowedBlocks(layers)
    guard try document.optionalBoolean("use_sliding_window") ?? false,
      try document.optionalInteger("sliding_window") != nil
    else {
      if types?.contains(true) ?? false {
        throw document.unsupported("layer_types", "'sliding_attention'", "'use_sliding_window' too")
      }
      return
    }
    window = try document.size("sliding_window")
    let first = try document.optionalInteger("max_window_layers") ?? 28
    blockKinds = (0..<layers).map { BlockKind(isWindowed: types?[$0] ?? ($0 >= first)) }
  }

  /// The fields that `readQwenWindow` reads.
  var qwenWindow: JSONObject {
    guard let window else { return ["use_sliding_window": false] }
    return [
      "layer_types": layerTypes, "sliding_window": .integer(window), "use_sliding_window": true,
    ]
  }
}
