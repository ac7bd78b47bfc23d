internal import JSON
internal import TensorFiles
internal import Tensors

extension GGUFLayout {
  /// What the tensors of Gemmas with norms before and after each part are called.
  static let gemmaNames = [
    "post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
    "post_feedforward_layernorm": "post_ffw_norm",
  ]
}

extension GGUFFields {
  /// What Gemmas of the second and third generation have in common. Queries are scaled by the size of a
  /// head, but those of the two largest models, of 27 billion parameters, by the hidden size over the heads.
  func readGemma(_ json: inout JSONObject) throws(TensorFileError) {
    let (hidden, heads) = (
      try integer("embedding_length"), try integer("attention.head_count")
    )
    if json["head_dim"] == nil { json["head_dim"] = 256 }
    let isLargest = try GGUFDecoderMetadata.isLargestGemma(layers: blockCount, hidden: hidden)
    json["query_pre_attn_scalar"] =
      isLargest && heads > 0 ? .integer(hidden / heads) : json["head_dim"] ?? 256
    json["sliding_window"] = try optionalInteger("attention.sliding_window").map { .integer($0) }
  }
}

extension GGUFDecoderMetadata {
  /// As llama.cpp tells the models of 27 billion parameters from the others.
  static func isLargestGemma(layers: Int, hidden: Int) -> Bool {
    (layers == 46 && hidden == 4_608) || (layers == 62 && hidden == 5_376)
  }

  /// How `readGemma` reads it; `isWindowed` tells the blocks that llama.cpp gives a window.
  mutating func writeGemma(_ gemma: DecoderConfiguration, isWindowed: (Int) -> Bool)
    throws(TensorFileError)
  {
    try refuseBiases(of: gemma)
    self["attention.sliding_window"] = gemma.window
    guard (0..<gemma.layers).allSatisfy({ gemma.kind(ofBlock: $0).isWindowed == isWindowed($0) })
    else { throw unsupported("layer_types", "other blocks with a window", "the usual ones") }
    let isLargest = Self.isLargestGemma(layers: gemma.layers, hidden: gemma.hiddenSize)
    let expected = isLargest ? gemma.hiddenSize / gemma.heads : gemma.headSize
    let scalar = gemma.scores.scale.map { 1 / ($0 * $0) } ?? Double(gemma.headSize)
    guard abs(scalar - Double(expected)) < 1e-3 * scalar else {
      throw unsupported("query_pre_attn_scalar", "\(scalar)", "\(expected)")
    }
  }

  /// Refuses biases, which llama.cpp passes over.
  func refuseBiases(of model: DecoderConfiguration) throws(TensorFileError) {
    if model.hasAttentionBias || model.hasOutputBias {
      throw unsupported("attention_bias", "true", "false")
    }
    if model.hasFeedForwardBias { throw unsupported("mlp_bias", "true", "false") }
  }
}
