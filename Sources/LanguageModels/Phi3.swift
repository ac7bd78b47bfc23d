internal import JSON
internal import TensorFiles

extension DecoderFamily {
  /// Phi-3 (Abdin et al., 2024, arXiv 2404.14219): a Llama whose files fuse queries, keys and values into
  /// one matrix, and gate and up into another.
  public static let phi3 = DecoderFamily(
    "phi3", architecture: "Phi3ForCausalLM",
    defaults: ["max_position_embeddings": 4_096, "rms_norm_eps": 1e-5],
    read: { phi, document throws(TensorFileError) in
      let share = try document.optionalNumber("partial_rotary_factor") ?? 1
      guard share == 1 else {
        throw document.unsupported(
          "partial_rotary_factor", "\(share)", "1: partial rotation of heads is not supported")
      }
      if let window = try document.optionalInteger("sliding_window") {
        phi.window = try document.size("sliding_window", or: window)
        phi.blockKinds = [.init(isWindowed: true)]
      }
    },
    write: { ["sliding_window": $0.window.map { .integer($0) } ?? .null] },
    place: { phi, name in
      let (queries, keys) = (phi.heads * phi.headSize, phi.keyHeads * phi.headSize)
      let size = phi.intermediateSize
      let parts: [(String, String, Range<Int>, Int)] = [
        ("q_proj", "qkv_proj", 0..<queries, queries + 2 * keys),
        ("k_proj", "qkv_proj", queries..<queries + keys, queries + 2 * keys),
        ("v_proj", "qkv_proj", queries + keys..<queries + 2 * keys, queries + 2 * keys),
        ("gate_proj", "gate_up_proj", 0..<size, 2 * size),
        ("up_proj", "gate_up_proj", size..<2 * size, 2 * size),
      ]
      for (own, fused, rows, count) in parts where name.hasSuffix(".\(own).weight") {
        let prefix = name.dropLast(own.count + ".weight".count)
        return TensorPlace("\(prefix)\(fused).weight", rows: rows, of: count)
      }
      return nil
    },
    gguf: .decoder(
      "phi3",
      read: { fields, json throws(TensorFileError) in
        let window = try fields.optionalInteger("attention.sliding_window") ?? 0
        json["sliding_window"] = window > 0 ? .integer(window) : .null
      },
      write: { phi, metadata in
        metadata["attention.sliding_window"] = phi.window
        metadata["rope.scaling.original_context_length"] = phi.maxPositions
      }))
}
