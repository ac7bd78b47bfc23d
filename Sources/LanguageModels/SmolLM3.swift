internal import JSON
internal import TensorFiles

extension DecoderFamily {
  /// SmolLM3 (Bakouch et al., 2025): every fourth block has no position encoding (Yang et al., 2025,
  /// arXiv 2501.18795).
  public static let smolLM3 = DecoderFamily(
    "smollm3", architecture: "SmolLM3ForCausalLM",
    defaults: [
      "max_position_embeddings": 32_768, "num_key_value_heads": 4, "rope_theta": 2_000_000,
      "tie_word_embeddings": true,
    ],
    read: { smol, document throws(TensorFileError) in
      let hasBias = try document.optionalBoolean("attention_bias") ?? false
      smol.hasAttentionBias = hasBias
      smol.hasOutputBias = hasBias
      smol.hasFeedForwardBias = try document.optionalBoolean("mlp_bias") ?? false
      let isRotated = try document.rotatedBlocks(smol.layers)
      let isWindowed = try document.windowedBlocks(smol.layers)
      if try document.optionalBoolean("use_sliding_window") ?? false {
        smol.window = try document.optionalInteger("sliding_window")
      }
      smol.blockKinds = (0..<smol.layers).map {
        .init(
          isWindowed: smol.window != nil && (isWindowed?[$0] ?? !isRotated[$0]),
          isRotated: isRotated[$0])
      }
    },
    write: { smol in
      [
        "attention_bias": .boolean(smol.hasAttentionBias),
        "layer_types": smol.layerTypes,
        "mlp_bias": .boolean(smol.hasFeedForwardBias),
        "no_rope_layers": .array(
          (0..<smol.layers).map { smol.kind(ofBlock: $0).isRotated ? 1 : 0 }),
        "sliding_window": smol.window.map { .integer($0) } ?? .null,
        "use_sliding_window": .boolean(smol.window != nil),
      ]
    },
    gguf: .decoder(
      "smollm3", turnsNeighbours: true,
      write: { smol, metadata throws(TensorFileError) in
        try metadata.refuseBiases(of: smol)
        metadata.limitContext(of: smol)
        guard
          (0..<smol.layers).allSatisfy({ smol.kind(ofBlock: $0).isRotated == (($0 + 1) % 4 != 0) })
        else {
          throw metadata.unsupported(
            "no_rope_layers", "other blocks without positions", "every fourth block")
        }
      }))
}

extension JSONDocument {
  /// Which blocks are rotated: those with 1 in `no_rope_layers`, or all but every n-th.
  fileprivate func rotatedBlocks(_ count: Int) throws(TensorFileError) -> [Bool] {
    guard let value = object["no_rope_layers"], value != .null else {
      let interval = try size("no_rope_layer_interval", or: 4)
      return (0..<count).map { ($0 + 1) % interval != 0 }
    }
    let marks = value.arrayValue?.compactMap(\.integerValue) ?? []
    guard marks.count >= count, marks.allSatisfy({ $0 == 0 || $0 == 1 }) else {
      throw unsupported("no_rope_layers", value.kind, "\(count) numbers that are 0 or 1")
    }
    return marks.prefix(count).map { $0 == 1 }
  }
}
