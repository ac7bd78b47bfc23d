import JSON
import LanguageModels
import Layers
import TensorFiles
import TestSupport
import Tensors
import Testing

/// Faulty folders give one-sentence errors, and every precision can be read.
@Suite struct FamilyLoadingTests {
  private func tensors(_ name: String) throws -> [String: Tensor<Float>] {
    let file = try SafetensorsFile(path: "\(Fixture.folder)/\(name)/model.safetensors")
    var tensors: [String: Tensor<Float>] = [:]
    for name in file.names { tensors[name] = try file.tensor(named: name) }
    return tensors
  }

  private func read(
    _ name: String, _ write: (String) throws -> Void
  ) throws -> any LanguageModel {
    let path = "\(Fixture.folder)/\(name)/config.json"
    return try withTemporaryFolder { folder in
      try write(folder + "/model.safetensors")
      return try ModelFamily.configuration(path: path).makeModel(
        reading: SafetensorsFolder(path: folder), using: .dense())
    }
  }

  @Test func anUnknownTypeIsNamedWithTheKnownOnes() throws {
    let error = #expect(throws: TensorFileError.self) {
      try ModelFamily.configuration(JSONDocument(["model_type": "mamba"], file: "config.json"))
    }
    let message = try #require(error).description
    #expect(message.contains("'mamba'"))
    let known = [
      "bert", "deberta-v2", "distilbert", "gemma2", "gemma3_text", "gpt2", "llama", "mistral",
      "phi3",
      "qwen2", "qwen3", "roberta", "smollm3", "xlm-roberta",
    ]
    #expect(message.contains(known.map { "'\($0)'" }.joined(separator: ", ")), "\(message)")
  }

  @Test(arguments: ["phi3_tiny", "gpt2_tiny", "gemma2_tiny"])
  func whatDoesNotFitIsNamedWithTheNearestName(_ name: String) throws {
    let tensors = try tensors(name)
    let matrix = try #require(
      tensors.keys.sorted().first { $0.hasSuffix("proj.weight") || $0.hasSuffix("c_fc.weight") })
    let misspelt = matrix.replacing("0", with: "O")
    let cases: [(TensorFileError.Code, [String], (inout [String: Tensor<Float>]) -> Void)] = [
      (.missing, [misspelt], { $0[misspelt] = $0.removeValue(forKey: matrix) }),
      (
        .typeMismatch, [matrix, "by config.json"],
        { $0[matrix] = $0[matrix]!.sliced(0..<2).contiguous() }
      ),
      (
        .unsupported, ["'model.norm.wieght'", "norm.weight"],
        { $0["model.norm.wieght"] = .ones([3]) }
      ),
    ]
    for (code, words, change) in cases where name != "gpt2_tiny" || code != .unsupported {
      var changed = tensors
      change(&changed)
      let error = #expect(throws: TensorFileError.self) {
        try read(name) { try SafetensorsFile.write(changed, to: $0) }
      }
      #expect(error?.code == code)
      for word in words { #expect(error?.description.contains(word) == true, "\(word): \(error!)") }
    }
  }

  @Test(arguments: ["qwen2_tiny", "phi3_tiny", "gpt2_tiny"])
  func filesInDoubleAndWithoutTheHeadOfTheNamesGiveTheSameModel(_ name: String) throws {
    let tensors = try tensors(name)
    let expected = try FamilyFixture(name).model.parameterTensors
    let double = try read(name) {
      try SafetensorsFile.write(tensors.mapValues { $0.converted(to: Double.self) }, to: $0)
    }
    #expect(double.parameterTensors == expected)
    // The names of models saved without a head.
    let bare = try read(name) { path in
      try SafetensorsFile.write(
        Dictionary(
          uniqueKeysWithValues: tensors.map { name, tensor in
            let prefix = ["model.", "transformer."].first { name.hasPrefix($0) } ?? ""
            return (String(name.dropFirst(prefix.count)), tensor)
          }), to: path)
    }
    #expect(bare.parameterTensors == expected)
  }

  @Test(arguments: FamilyFixture.all)
  func aModelThatIsSavedUnderItsOwnNamesReadsBack(_ name: String) throws {
    let tensors = try FamilyFixture(name).model.parameterTensors
    let again = try read(name) { try SafetensorsFile.write(tensors, to: $0) }
    #expect(again.parameterTensors == tensors)
  }

  @Test(arguments: [ElementType.f16, .bf16])
  func filesOfSixteenBitsAreWidened(_ type: ElementType) throws {
    let tensors = try tensors("qwen2_tiny")
    let model = try read("qwen2_tiny") { path in
      try SafetensorsFile.write(
        tensors.map { name, tensor in
          SafetensorsFile.Source(name, tensor, as: type)
        }, to: path)
    }
    let exact = try FamilyFixture("qwen2_tiny").model.parameterTensors
    for (name, tensor) in model.parameterTensors {
      let bound = type == .f16 ? 0x1p-11 : 0x1p-8
      #expect(relativeError(tensor, try #require(exact[name])) <= bound)
      #expect(tensor != exact[name], "\(name) was rounded")
    }
  }

  @Test func aTiedModelIsNotReadWithAnotherHead() throws {
    var tensors = try tensors("qwen3_tiny")
    let embedding = try #require(tensors["model.embed_tokens.weight"])
    tensors["lm_head.weight"] = embedding
    _ = try read("qwen3_tiny") { try SafetensorsFile.write(tensors, to: $0) }
    tensors["lm_head.weight"] = embedding * 2
    let error = #expect(throws: TensorFileError.self) {
      try read("qwen3_tiny") { try SafetensorsFile.write(tensors, to: $0) }
    }
    #expect(error?.field == "tensor 'lm_head.weight'")
    #expect(error?.remedy?.contains("tie_word_embeddings") == true)
  }

  @Test func aSequenceBeyondTheModelsLengthIsOneSentence() throws {
    let configuration = try FamilyFixture("gpt2_tiny").configuration
    try configuration.checkLength(24)
    let error = #expect(throws: SequenceLengthError.self) { try configuration.checkLength(25) }
    #expect(
      error?.description
        == "A sequence of 25 tokens is longer than the 24 that this gpt2 was made for. "
        + "Give at most 24.")
  }

  @Test func nullsMeanWhatAbsentFieldsOfALlamaMean() throws {
    var object = LlamaConfiguration(hiddenSize: 64, intermediateSize: 172, layers: 2, heads: 4).json
    let expected = try LlamaConfiguration(JSONDocument(object, file: "config.json"))
    for field in ["rope_scaling", "rope_parameters", "head_dim", "num_key_value_heads"] {
      object[field] = .null
    }
    #expect(try LlamaConfiguration(JSONDocument(object, file: "config.json")) == expected)
  }
}
