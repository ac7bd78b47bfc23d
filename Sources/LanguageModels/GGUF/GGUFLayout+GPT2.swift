internal import JSON
internal import Layers
internal import TensorFiles

extension GGUFLayout {
  /// GPT-2, whose matrices lie as those of all others.
  static let gpt2 = GGUFLayout(
    architecture: "gpt2",
    names: [
      "wte": "token_embd", "wpe": "position_embd", "ln_f": "output_norm", "lm_head": "output",
      "ln_1": "attn_norm", "ln_2": "ffn_norm", "attn.c_attn": "attn_qkv",
      "attn.c_proj": "attn_output", "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    ],
    turnsNeighbours: false, isTransposed: true,
    read: { fields throws(TensorFileError) in
      let epsilon = try fields.optionalNumber("attention.layer_norm_epsilon") ?? 1e-5
      return [
        "layer_norm_epsilon": .number(fields.shortest(epsilon)),
        "n_embd": .integer(try fields.integer("embedding_length")),
        "n_head": .integer(try fields.integer("attention.head_count")),
        "n_inner": .integer(try fields.integer("feed_forward_length")),
        "n_layer": .integer(try fields.blockCount),
        "n_positions": .integer(try fields.integer("context_length")),
        "tie_word_embeddings": .boolean(!fields.has("output.weight")),
        "vocab_size": .integer(try fields.vocabularySize),
      ]
    },
    write: { configuration, file throws(TensorFileError) in
      guard let gpt = configuration as? GPT2Configuration else {
        preconditionFailure("GGUFLayout: 'gpt2' holds GPT-2s")
      }
      guard gpt.activation == .geluTanh else {
        throw TensorFileError(
          .unsupported, file: file, field: "'activation_function'",
          found: "'\(gpt.activation.configurationName)'",
          expected: "'gelu_new', as llama.cpp computes 'gpt2'",
          remedy: "Write a Hugging Face folder instead")
      }
      return [
        "gpt2.context_length": .uint32(UInt32(clamping: gpt.maxPositions)),
        "gpt2.embedding_length": .uint32(UInt32(clamping: gpt.hiddenSize)),
        "gpt2.feed_forward_length": .uint32(UInt32(clamping: gpt.intermediateSize)),
        "gpt2.block_count": .uint32(UInt32(clamping: gpt.layers)),
        "gpt2.attention.head_count": .uint32(UInt32(clamping: gpt.heads)),
        "gpt2.attention.layer_norm_epsilon": .float32(Float(gpt.layerNormEpsilon)),
        "gpt2.vocab_size": .uint32(UInt32(clamping: gpt.vocabularySize)),
      ]
    })
}
