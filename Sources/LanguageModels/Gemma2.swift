internal import JSON
internal import Layers
internal import TensorFiles
internal import Tensors

extension DecoderFamily {
  /// Gemma 2 (Riviere et al., 2024, arXiv 2408.00118): norms before and after each part, soft caps on
  /// scores and logits, a window in every other block.
  public static let gemma2 = DecoderFamily(
    "gemma2", architecture: "Gemma2ForCausalLM",
    defaults: [
      "attn_logit_softcapping": 50.0, "final_logit_softcapping": 30.0, "head_dim": 256,
      "max_position_embeddings": 8_192, "num_key_value_heads": 4, "query_pre_attn_scalar": 256,
      "sliding_window": 4_096, "tie_word_embeddings": true,
    ],
    read: { gemma, document throws(TensorFileError) in
      try gemma.readGemma(document) { $0 % 2 == 0 }
    },
    write: { $0.gemma },
    gguf: .decoder(
      "gemma2", names: GGUFLayout.gemmaNames,
      read: { fields, json throws(TensorFileError) in
        try fields.readGemma(&json)
        json["attn_logit_softcapping"] = .number(
          try fields.optionalNumber("attn_logit_softcapping") ?? 50)
        json["final_logit_softcapping"] = .number(
          try fields.optionalNumber("final_logit_softcapping") ?? 30)
      },
      write: { gemma, metadata throws(TensorFileError) in
        try metadata.writeGemma(gemma) { $0 % 2 == 0 }
        metadata[number: "attn_logit_softcapping"] = gemma.scores.cap
        metadata[number: "final_logit_softcapping"] = gemma.logitCap
        guard gemma.scores.cap != nil, gemma.logitCap != nil else {
          throw metadata.unsupported("attn_logit_softcapping", "null", "both caps")
        }
      }))
}

extension DecoderConfiguration {
  /// Reads what Gemma 2 and Gemma 3 have in common.
  mutating func readGemma(_ document: JSONDocument, isWindowed: (Int) -> Bool)
    throws(TensorFileError)
  {
    let hasBias = try document.optionalBoolean("attention_bias") ?? false
    try document.expectFalse("use_bidirectional_attention")
    hasAttentionBias = hasBias
    hasOutputBias = hasBias
    activation = try document.activation("hidden_activation", or: "gelu_pytorch_tanh")
    normalizesOutputs = true
    normOffset = 1
    embeddingScale = Double(hiddenSize).squareRoot()
    scores = AttentionScores(
      scale: 1 / (try document.positive("query_pre_attn_scalar", or: 256)).squareRoot(),
      cap: try document.cap("attn_logit_softcapping"))
    logitCap = try document.cap("final_logit_softcapping")
    window = try document.size("sliding_window")
    let types = try document.windowedBlocks(layers)
    blockKinds = (0..<layers).map { BlockKind(isWindowed: types?[$0] ?? isWindowed($0)) }
  }

  /// The fields that `readGemma` reads.
  var gemma: JSONObject {
    [
      "attention_bias": .boolean(hasAttentionBias),
      "attn_logit_softcapping": scores.cap.map { .number($0) } ?? .null,
      "final_logit_softcapping": logitCap.map { .number($0) } ?? .null,
      "hidden_activation": activation == .geluTanh
        ? "gelu_pytorch_tanh" : .string(activation.configurationName),
      "layer_types": layerTypes,
      "query_pre_attn_scalar": .number(scores.scale.map { 1 / ($0 * $0) } ?? 256),
      "sliding_window": .integer(window ?? 4_096),
    ]
  }
}

extension JSONDocument {
  /// A soft cap; nil for none.
  fileprivate func cap(_ name: String) throws(TensorFileError) -> Double? {
    guard let value = try optionalNumber(name) else { return nil }
    return try positive(name, or: value)
  }
}
