import Foundation
import JSON
import LanguageModels
import TensorFiles
import Testing

/// Files of sizes that no model can be made of.
@Suite struct ConfigurationFaultTests {
  private static func fixture(_ name: String) throws -> JSONObject {
    let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures/\(name)/config.json").path
    return try JSONDocument(path: path).object
  }

  private static let cases: [(String, String, JSONValue?)] = [
    ("llama3_tiny", "model_type", "mamba"), ("llama3_tiny", "model_type", 3),
    ("llama3_tiny", "hidden_size", nil), ("llama3_tiny", "hidden_size", 0),
    ("llama3_tiny", "hidden_size", -8), ("llama3_tiny", "hidden_size", 20.5),
    ("llama3_tiny", "hidden_size", "20"), ("llama3_tiny", "hidden_size", 9_000_000_000),
    ("llama3_tiny", "num_attention_heads", 0), ("llama3_tiny", "num_key_value_heads", 3),
    ("llama3_tiny", "head_dim", 7), ("llama3_tiny", "head_dim", 0),
    ("llama3_tiny", "intermediate_size", .null), ("llama3_tiny", "vocab_size", -1),
    ("llama3_tiny", "num_hidden_layers", 2_000_000_000), ("llama3_tiny", "num_hidden_layers", 0),
    ("llama3_tiny", "rms_norm_eps", 0), ("llama3_tiny", "rms_norm_eps", "small"),
    ("llama3_tiny", "hidden_act", "sine"), ("llama3_tiny", "max_position_embeddings", 0),
    ("llama3_tiny", "tie_word_embeddings", "yes"), ("llama3_tiny", "attention_bias", 1),
    ("gemma2_tiny", "num_hidden_layers", 2_000_000_000), ("gemma2_tiny", "layer_types", ["full"]),
    ("gemma2_tiny", "sliding_window", 0), ("gemma2_tiny", "final_logit_softcapping", -1),
    ("gpt2_tiny", "n_layer", 2_000_000_000), ("gpt2_tiny", "n_head", 0),
    ("gpt2_tiny", "scale_attn_by_inverse_layer_idx", true),
    ("phi3_tiny", "partial_rotary_factor", 0.5), ("mistral_tiny", "sliding_window", "all"),
  ]

  @Test(arguments: cases)
  func aFieldThatCannotBeIsNamed(_ name: String, _ field: String, _ value: JSONValue?) throws {
    var json = try Self.fixture(name)
    json[field] = value
    let error = #expect(throws: TensorFileError.self, "\(field)") {
      try ModelFamily.configuration(JSONDocument(json, file: "config.json"))
    }
    let text = "\(error!)"
    #expect(text.hasPrefix("config.json: '\(field)': ") && text.contains("expected"), "\(text)")
    if case .string("mamba")? = value { #expect(text.contains("'gemma2', 'gemma3_text', 'gpt2'")) }
  }
}
