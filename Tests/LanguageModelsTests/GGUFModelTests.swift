import Autodiff
import JSON
import LanguageModels
import Layers
import TensorFiles
import TestSupport
import Tensors
import Testing
import Tokenization

/// The models of `FamilyFixture` in files that the gguf package wrote; see `Tests/Generators/gguf_models.py`.
@Suite struct GGUFModelTests {
  /// Those whose `config.json` says nothing that GGUF cannot.
  static let exact = [
    "llama3_tiny", "llama_linear", "llama_yarn", "qwen2_tiny", "qwen3_tiny", "phi3_tiny",
    "gpt2_tiny",
  ]
  static let all = exact + ["mistral_tiny", "smollm3_tiny", "gemma2_tiny", "gemma3_tiny"]

  private static func path(_ name: String) -> String {
    "\(Fixture.folder)/gguf_models/\(name).gguf"
  }

  /// What `config.json` says, with what llama.cpp computes in place of what GGUF cannot tell.
  private func configuration(_ name: String) throws -> any ModelConfiguration {
    let read = try ModelFamily.configuration(path: "\(Fixture.folder)/\(name)/config.json")
    guard var model = read as? DecoderConfiguration else { return read }
    switch name {
    case "mistral_tiny":
      (model.family, model.window, model.blockKinds) = (.llama, nil, [])
    case "smollm3_tiny":
      model.blockKinds = (0..<model.layers).map { .init(isRotated: ($0 + 1) % 4 != 0) }
    case "gemma2_tiny":
      model.scores = AttentionScores(scale: 1 / 6.0.squareRoot(), cap: model.scores.cap)
    case "gemma3_tiny":
      model.scores = AttentionScores(scale: 1 / 6.0.squareRoot())
      model.blockKinds = (0..<model.layers).map { .init(isWindowed: ($0 + 1) % 6 != 0) }
    default: break
    }
    return model
  }

  @Test(arguments: all)
  func theMetadataGiveTheConfigurationOfTheFolder(_ name: String) throws {
    let file = try GGUFModel(path: Self.path(name))
    var expected = try configuration(name).json
    var found = file.configuration.json
    // Drawn from at random, which a trained model is not; and the angles of windows and their linear
    // scaling, which this file has no key for.
    for key in ["initializer_range", "rope_local_base_freq", "rope_scaling"] {
      if name == "gemma3_tiny" || key == "initializer_range" {
        expected[key] = nil
        found[key] = nil
      }
    }
    expectClose(found, expected)
  }

  /// Numbers within single precision, which GGUF stores; anything else equal.
  private func expectClose(_ found: JSONObject, _ expected: JSONObject) {
    #expect(Set(found.keys) == Set(expected.keys))
    for key in expected.keys {
      switch (found[key], expected[key]) {
      case (.object(let found)?, .object(let expected)?): expectClose(found, expected)
      case (let found?, let expected?):
        guard let a = found.numberValue, let b = expected.numberValue else {
          #expect(found == expected, "\(key)")
          continue
        }
        #expect(abs(a - b) <= 1e-6 * abs(b), "\(key): \(a), \(b)")
      default: Issue.record("\(key) is missing")
      }
    }
  }

  @Test(arguments: all)
  func theTensorsAreThoseOfTheFolder(_ name: String) throws {
    let file = try GGUFModel(path: Self.path(name))
    let folder = try PublishedTensors(
      of: file.configuration, in: SafetensorsFolder(path: "\(Fixture.folder)/\(name)"))
    let tensors = try PublishedTensors(of: file.configuration, in: file.tensors)
    for (name, shape) in file.configuration.tensorShapes {
      let found = try tensors.tensor(named: name, shape: shape)
      let expected = try folder.tensor(named: name, shape: shape)
      // Gemma's norms lose the bits that one added to them pushes out.
      let offset = (file.configuration as? DecoderConfiguration)?.normOffset == 1
      let tolerance: Float = offset && shape.rank == 1 ? 1.2e-7 : 0
      for (a, b) in zip(found.scalars, expected.scalars) {
        guard abs(a - b) <= tolerance else {
          Issue.record("\(name): \(a), \(b)")
          return
        }
      }
    }
  }

  @Test(arguments: exact)
  func theLogitsAreHuggingFaces(_ name: String) throws {
    let file = try GGUFModel(path: Self.path(name))
    let model = try file.configuration.makeModel(reading: file.tensors, using: .dense(seed: 99))
    let fixture = try FamilyFixture(name)
    expectClose(
      model.logits(try fixture.tokens("ids")).tensor,
      try fixture.expected.tensor("logits", of: "forward"), FamilyTests.tolerance)
  }

  private func expectClose(_ a: Tensor<Float>, _ b: Tensor<Float>, _ tolerance: Double) {
    let largest = b.scalars.map(\.magnitude).max() ?? 0
    let distance = zip(a.scalars, b.scalars).map { abs($0 - $1) }.max() ?? .infinity
    #expect(a.shape == b.shape && Double(distance) <= tolerance * Double(largest))
  }

  @Test(arguments: all)
  func aFileThatIsWrittenHasTheTensorsAndTheMetadataOfTheOther(_ name: String) throws {
    let theirs = try GGUFFile(path: Self.path(name))
    var model = try configuration(name)
    if var decoder = model as? DecoderConfiguration, name == "mistral_tiny" {
      decoder.family = .mistral
      model = decoder
    }
    let tensors = try PublishedTensors(
      of: model, in: SafetensorsFolder(path: "\(Fixture.folder)/\(name)"))
    try withTemporaryFolder { folder in
      let path = folder + "/model.gguf"
      model.vocabularySize = 59
      try GGUFModel.write(
        model, tensors: tensors, tokenizer: nil, name: name, as: .f32, to: path)
      let ours = try GGUFFile(path: path)
      #expect(Set(ours.names) == Set(theirs.names))
      for entry in theirs.entries {
        #expect(ours.entry(named: entry.name)?.elementType == entry.elementType)
        #expect(ours.entry(named: entry.name)?.shape == entry.shape)
        let values = try ours.tensor(named: entry.name).scalars
        let expected = try theirs.tensor(named: entry.name).scalars
        let tolerance: Float = entry.name == "rope_freqs.weight" ? 1e-6 : 0
        #expect(zip(values, expected).allSatisfy { abs($0 - $1) <= tolerance }, "\(entry.name)")
      }
      for key in theirs.metadata.keys {
        #expect(ours.metadata[key] == theirs.metadata[key], "\(key)")
      }
    }
  }

  @Test func modelsThatLlamaCppComputesOtherwiseAreRefusedByName() throws {
    for (name, field) in [
      ("smollm3_tiny", "no_rope_layers"), ("gemma2_tiny", "query_pre_attn_scalar"),
      ("gemma3_tiny", "layer_types"),
    ] {
      let folder = "\(Fixture.folder)/\(name)"
      let model = try ModelFamily.configuration(path: folder + "/config.json")
      let tensors = try PublishedTensors(of: model, in: SafetensorsFolder(path: folder))
      try withTemporaryFolder { folder in
        let path = folder + "/model.gguf"
        let error = #expect(throws: TensorFileError.self) {
          try GGUFModel.write(
            model, tensors: tensors, tokenizer: nil, as: .f16, to: path)
        }
        #expect(error?.code == .unsupported && error?.field == "'\(field)'")
        #expect(throws: TensorFileError.self) { try GGUFFile(path: path) }
      }
    }
  }

  @Test(arguments: GGUFModel.Storage.allCases)
  func everyStorageIsReadBackWithItsRounding(_ storage: GGUFModel.Storage) throws {
    let folder = "\(Fixture.folder)/llama_grouped_tied"
    let model = try ModelFamily.configuration(path: folder + "/config.json")
    let tensors = try PublishedTensors(of: model, in: SafetensorsFolder(path: folder))
    // The rounding of each type has tests of its own; these are the bounds of its formats.
    let bounds: [GGUFModel.Storage: Float] = [
      .f32: 0, .f16: 0x1p-11, .bf16: 0x1p-8, .q8_0: 0.0045, .q4_0: 0.126, .q4_1: 0.07,
    ]
    try withTemporaryFolder { folder in
      let path = folder + "/model.gguf"
      try GGUFModel.write(
        model, tensors: tensors, tokenizer: ByteTokenizer(), as: storage, to: path)
      let file = try GGUFModel(path: path)
      #expect(file.configuration.tensorShapes.map(\.name) == model.tensorShapes.map(\.name))
      let read = try PublishedTensors(of: file.configuration, in: file.tensors)
      for (name, shape) in model.tensorShapes {
        let found = try read.tensor(named: name, shape: shape).scalars
        let expected = try tensors.tensor(named: name, shape: shape).scalars
        let bound = shape.rank == 1 ? 0 : bounds[storage]! * expected.map(\.magnitude).max()!
        #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= bound }, "\(name)")
        if shape.rank == 2, storage != .f32 { #expect(found != expected) }
      }
      #expect(try file.tokenizer.encode("a b") == [97, 32, 98])
      #expect(file.file.metadata["general.name"]?.stringValue == "model")
    }
  }

  @Test func anUnknownArchitectureIsNamedBesideTheKnownOnes() throws {
    let error = #expect(throws: TensorFileError.self) {
      try GGUFModel(path: "\(Fixture.folder)/gguf/metadata.gguf")
    }
    #expect(error?.code == .unsupported)
    #expect(error?.description.contains("'test', expected one of 'gemma2', 'gemma3'") ?? false)
  }
}
