internal import JSON
internal import TensorFiles
internal import Tensors

extension DecoderFamily {
  /// The text models of Gemma 3 (Kamath et al., 2025, arXiv 2503.19786): Gemma 2 without caps, with
  /// normalised heads, and five windowed blocks with their own rotary base for each full one.
  public static let gemma3 = DecoderFamily(
    "gemma3_text", architecture: "Gemma3ForCausalLM",
    defaults: [
      "head_dim": 256, "max_position_embeddings": 131_072, "num_key_value_heads": 4,
      "rope_theta": 1_000_000, "sliding_window": 4_096, "tie_word_embeddings": true,
    ],
    read: { gemma, document throws(TensorFileError) in
      let pattern = try document.size("sliding_window_pattern", or: 6)
      try gemma.readGemma(document) { ($0 + 1) % pattern != 0 }
      gemma.normalizesHeads = true
      (gemma.ropeTheta, gemma.ropeScaling) = try document.rope(
        maxPositions: gemma.maxPositions, kind: "full_attention")
      let local = try document.optionalDocument("rope_parameters")
      let theta = try document.positive("rope_local_base_freq", or: 10_000)
      gemma.windowRopeTheta =
        try local?.optionalDocument("sliding_attention")?.positive("rope_theta", or: theta) ?? theta
    },
    write: { gemma in
      var json = gemma.gemma
      json["rope_local_base_freq"] = .number(gemma.windowRopeTheta ?? 10_000)
      return json
    },
    gguf: .decoder(
      "gemma3", names: GGUFLayout.gemmaNames,
      read: { fields, json throws(TensorFileError) in
        try fields.readGemma(&json)
        json["rope_theta"] = .number(try fields.optionalNumber("rope.freq_base") ?? 1_000_000)
        json["rope_local_base_freq"] = .number(
          try fields.optionalNumber("rope.freq_base_swa") ?? 10_000)
        json["final_logit_softcapping"] = try fields.optionalNumber("final_logit_softcapping")
          .map { .number($0) }
        json["sliding_window_pattern"] = try fields.optionalInteger(
          "attention.sliding_window_pattern"
        ).map { .integer($0) }
      },
      write: { gemma, metadata throws(TensorFileError) in
        try metadata.writeGemma(gemma) { ($0 + 1) % 6 != 0 }
        metadata[number: "rope.freq_base_swa"] = gemma.windowRopeTheta
        metadata[number: "final_logit_softcapping"] = gemma.logitCap
        guard gemma.scores.cap == nil else {
          throw metadata.unsupported("attn_logit_softcapping", "a cap", "none")
        }
      }))
}
