import JSON
import LanguageModels
import Layers
import TensorFiles
import TestSupport
import Tensors
import Testing

@Suite struct LlamaConfigurationTests {
  @Test("Both spellings of the rotary base are read", arguments: LlamaFixture.names)
  func spellings(_ name: String) throws {
    let folder = "\(Fixture.folder)/\(name)"
    let configuration = try LlamaConfiguration(path: folder + "/config.json")
    let expected = LlamaConfiguration(
      vocabularySize: 257, hiddenSize: 64, intermediateSize: 172, layers: 2, heads: 4,
      keyHeads: name.contains("grouped") ? 2 : 4, headSize: 16, maxPositions: 128,
      tiesEmbeddings: name.hasSuffix("_tied"))
    #expect(configuration == expected)
    #expect(try LlamaConfiguration(path: folder + "/config_rope_theta.json") == expected)
  }

  @Test("A written configuration reads back equal")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      for (_, preset) in LlamaConfiguration.presets {
        var configuration = preset
        configuration.keyHeads = 1
        configuration.ropeTheta = 12_345.5
        configuration.tiesEmbeddings = true
        try configuration.write(to: folder + "/config.json")
        #expect(try LlamaConfiguration(path: folder + "/config.json") == configuration)
      }
    }
  }

  /// A bad value for a field of a valid configuration, and what the message must name.
  static let faults: [(String, JSONValue?, String)] = [
    ("vocab_size", nil, "no such field"), ("vocab_size", 0, "a positive size"),
    ("vocab_size", "many", "an integer"), ("hidden_size", -64, "a positive size"),
    ("num_key_value_heads", 3, "a divisor of the 4 heads"), ("head_dim", 15, "even"),
    ("rms_norm_eps", 0.0, "a positive number"), ("rope_theta", -1.0, "a positive number"),
    ("model_type", "mamba", "'llama'"), ("hidden_act", "mish", "silu"),
    ("attention_bias", "no", "a boolean"), ("tie_word_embeddings", "yes", "a boolean"),
    ("num_hidden_layers", .integer(1 << 40), "a positive size"),
    ("rope_scaling", ["rope_type": "llama3"], "no such field"),
    ("rope_scaling", ["type": "linear", "factor": 0.5], "a number of at least 1"),
    ("rope_scaling", ["type": "longrope"], "'yarn'"),
    ("rope_parameters", ["rope_type": "yarn", "factor": "2"], "a number"),
  ]

  @Test("A fault names the field and what was expected", arguments: faults.indices)
  func fault(_ index: Int) throws {
    let (field, value, expected) = Self.faults[index]
    var object = LlamaConfiguration(
      hiddenSize: 64, intermediateSize: 172, layers: 2, heads: 4
    ).json
    object[field] = value
    let error = #expect(throws: TensorFileError.self) {
      try LlamaConfiguration(JSONDocument(object, file: "config.json"))
    }
    let message = try #require(error).description
    #expect(message.contains("config.json"))
    #expect(message.contains(expected), "\(message)")
    #expect(message.contains(field) || message.contains("rope_"), "\(message)")
  }

  /// Millions of parameters in the linear layers and elsewhere, as printed for the models of LoQT's
  /// authors.
  static let counts: [(String, Double, Double)] = [
    ("9m", 0.80, 8.19), ("20m", 3.16, 16.4), ("60m", 25.3, 32.8), ("130m", 84.9, 49.2),
    ("350m", 302, 65.6), ("1b", 1208, 131), ("7b", 6476, 262), ("13b", 12_688, 328),
  ]

  @Test("The presets have the published numbers of parameters", arguments: counts)
  func presetCount(_ name: String, _ linear: Double, _ rest: Double) throws {
    let preset = try #require(LlamaConfiguration.preset(name))
    let others = preset.parameterCount - preset.linearParameterCount
    // Half a unit in the last of three digits.
    #expect(abs(Double(preset.linearParameterCount) / 1e6 - linear) <= 0.0051 * linear)
    #expect(abs(Double(others) / 1e6 - rest) <= 0.0051 * rest)
  }

  @Test("A model has as many parameters as its configuration says")
  func modelCount() {
    for ties in [false, true] {
      let configuration = LlamaConfiguration(
        vocabularySize: 50, hiddenSize: 16, intermediateSize: 24, layers: 2, heads: 4, keyHeads: 2,
        headSize: 6, tiesEmbeddings: ties)
      let model = Llama(configuration, using: .dense())
      #expect(model.parameterCount == configuration.parameterCount)
      let linear = model.modules(ofType: (any LinearLayer).self)
        .filter { $0.name != "lm_head" }
        .map { $0.module.inputSize * $0.module.outputSize }
      #expect(linear.count == 14)
      #expect(linear.reduce(0, +) == configuration.linearParameterCount)
    }
  }

  @Test("An unknown preset is nil")
  func unknown() { #expect(LlamaConfiguration.preset("8m") == nil) }
}
