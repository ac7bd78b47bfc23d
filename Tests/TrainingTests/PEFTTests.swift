import Autodiff
import Foundation
import JSON
import LanguageModels
import Layers
import Optimizers
import TensorFiles
import Tensors
import TestSupport
import Testing
import Tokenization

@testable import Training

/// LoRA adapters as the library peft writes and reads them.
@Suite struct PEFTTests {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/peft").path

  /// Transformers computes in double; in single precision logits of the order of 1 differ by some ulps.
  @Test(arguments: ["names", "all_linear", "expression", "transposed"])
  func anAdapterOfPEFTIsTheModelThatItIsThere(_ name: String) throws {
    let path = Self.fixtures + "/" + name
    let expected = try SafetensorsFile(path: path + "/expected.safetensors")
    let model = try ModelSource(path: path).makeModel()
    let logits = model.logits(try expected.tensor(named: "tokens", as: Int32.self)).tensor
    let reference: Tensor<Float> = try expected.tensor(named: "logits")
    let largest = reference.scalars.map(abs).max() ?? 0
    let difference = (logits - reference).scalars.map(abs).max() ?? .nan
    #expect(difference <= 1e-5 * max(1, largest), "\(difference) of \(largest)")
    // The factors are not passed over: the base is another model.
    let base = try ModelSource(path: Self.base(of: path)).makeModel()
    let other = base.logits(try expected.tensor(named: "tokens", as: Int32.self)).tensor
    #expect((other - reference).scalars.map(abs).max() ?? 0 > 1e-2)
  }

  private static func base(of adapter: String) throws -> String {
    let document = try JSONDocument(path: adapter + "/adapter_config.json")
    return try adapter + "/" + document.string("base_model_name_or_path")
  }

  private static func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = try makeTemporaryFolder()
    defer { removeTemporaryFolder(folder) }
    try await body(folder)
  }

  /// A checkpoint of a run over some steps; `model` is read from a folder of fixtures where it is named.
  private static func checkpoint(_ method: TrainingMethod, in folder: String, from model: String?)
    async throws -> String
  {
    let path = folder + "/" + method.name
    var configuration = try tinyConfiguration(method, steps: 5)
    if let model {
      let source = fixtures + "/../" + model
      let sizes = try ModelFamily.configuration(path: source + "/config.json")
      configuration = try TrainingConfiguration(
        model: sizes, method: method, options: .with { $0.rank = 3 }, steps: 5, batchSize: 2,
        sequence: 16, learningRate: 0.02)
    }
    let trainer = try Trainer(configuration, corpus: byteCorpus())
    _ = try await finished(trainer)
    try Checkpoint(trainer).write(to: path)
    return path
  }

  @Test(
    arguments: [
      (TrainingMethod.lora, nil), (.qlora, nil), (.loftq, nil), (.relora, nil), (.loqt, nil),
      (.loqtUnquantized, nil), (.loqt, "phi3_tiny"), (.qlora, "gpt2_tiny"),
    ] as [(TrainingMethod, String?)])
  func anExportedAdapterOverItsBaseIsTheModel(_ method: TrainingMethod, _ model: String?)
    async throws
  {
    try await Self.inFolder { folder in
      let source = try ModelSource(
        path: try await Self.checkpoint(method, in: folder, from: model))
      try source.exportAdapter(to: folder + "/adapter")
      // The base is found beside the adapter, wherever both were moved.
      try FileManager.default.moveItem(atPath: folder + "/adapter", toPath: folder + "/moved")
      let adapter = try ModelSource(path: folder + "/moved")
      let (a, b) = (try source.tensors, try adapter.tensors)
      let base = try ModelSource(path: folder + "/moved/base").tensors
      var updates = 0
      for (name, shape) in source.configuration.tensorShapes {
        let whole = try a.tensor(named: name, shape: shape)
        let largest = whole.scalars.map(abs).max() ?? 0
        let other = try b.tensor(named: name, shape: shape)
        // Two factors over several matrices add zeros, and may be added in another order.
        #expect(
          (whole - other).scalars.map(abs).max() ?? .nan <= 1e-6 * largest, "\(name)")
        if try base.tensor(named: name, shape: shape) != whole { updates += 1 }
      }
      #expect(updates >= source.configuration.linearShapes.count - 2)
      let file = try SafetensorsFile(path: folder + "/moved/adapter_model.safetensors")
      #expect(file.metadata == ["format": "pt"])
      #expect(file.names.allSatisfy { $0.hasPrefix("base_model.model.") })
      // Over the right base no other is written; over another it is refused.
      try source.exportAdapter(
        to: folder + "/alone", over: ModelSource(path: folder + "/moved/base"))
      #expect(!FileManager.default.fileExists(atPath: folder + "/alone/base"))
      _ = try ModelSource(path: folder + "/alone").tensors
      try source.exportDense(to: folder + "/dense", as: .float32)
      let refused = #expect(throws: InputError.self) {
        try source.exportAdapter(
          to: folder + "/wrong", over: ModelSource(path: folder + "/dense"))
      }
      #expect(refused?.description.contains("is not the base") == true)
      #expect(!FileManager.default.fileExists(atPath: folder + "/wrong"))
    }
  }

  @Test(arguments: [
    (TrainingMethod.full, "no low-rank updates"), (.galore, "no low-rank updates"),
    (.qGaLore, "no frozen matrix"), (.lowRank, "no frozen matrix"),
  ])
  func whatIsNoAdapterIsRefused(_ method: TrainingMethod, _ piece: String) async throws {
    try await Self.inFolder { folder in
      let source = try ModelSource(path: try await Self.checkpoint(method, in: folder, from: nil))
      let error = #expect(throws: InputError.self) {
        try source.exportAdapter(to: folder + "/adapter")
      }
      #expect(error?.description.contains(piece) == true, "\(error!)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/adapter"))
    }
  }

  @Test func aBrokenAdapterIsASentence() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/adapter"
      func attempt(_ change: (inout JSONObject) -> Void, base: String? = nil) throws -> String {
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.copyItem(atPath: Self.fixtures + "/names", toPath: path)
        var json = try JSONDocument(path: path + "/adapter_config.json").object
        json["base_model_name_or_path"] = .string(Self.fixtures + "/../llama3_tiny")
        change(&json)
        try JSONValue.object(json).text().write(
          toFile: path + "/adapter_config.json", atomically: true, encoding: .utf8)
        let error = #expect(throws: (any Error).self) {
          _ = try ModelSource(path: path, base: base).makeModel()
        }
        return "\(error!)"
      }
      let cases: [((inout JSONObject) -> Void, String)] = [
        ({ $0["peft_type"] = "IA3" }, "'IA3'"), ({ $0["peft_type"] = nil }, "peft_type"),
        ({ $0["use_dora"] = true }, "use_dora"), ({ $0["bias"] = "all" }, "'all'"),
        ({ $0["r"] = 5 }, "expected [5,"), ({ $0["r"] = 0 }, "positive rank"),
        ({ $0["r"] = nil }, "'r'"),
        ({ $0["rank_pattern"] = ["down_proj": 3] }, "expected ["),
        ({ $0["rank_pattern"] = ["down_proj": "2"] }, "a string"),
        ({ $0["alpha_pattern"] = ["(": 2] }, "regular expression"),
        ({ $0["target_modules"] = ["q_proj"] }, "target_modules"),
        ({ $0["target_modules"] = "(?<=x)y" }, "regular expression"),
        ({ $0["target_modules"] = 3 }, "names, a regular expression"),
        ({ $0["trainable_token_indices"] = [1] }, "trainable_token_indices"),
        ({ $0["base_model_name_or_path"] = nil }, "--base"),
        ({ $0["base_model_name_or_path"] = "meta-llama/Llama-3.2-1B" }, "hf download"),
        ({ $0["base_model_name_or_path"] = "/nowhere/x" }, "--base"),
        ({ $0["base_model_name_or_path"] = .string(Self.fixtures + "/../gpt2_tiny") }, "no place"),
        (
          { $0["base_model_name_or_path"] = .string(Self.fixtures + "/names") }, "an adapter itself"
        ),
      ]
      for (change, piece) in cases {
        let error = try attempt(change)
        #expect(error.contains(piece), "\(error)")
      }
      // --base is for adapters.
      let error = #expect(throws: InputError.self) {
        try ModelSource(path: Self.fixtures + "/../llama3_tiny", base: path)
      }
      #expect(error?.description.contains("Leave --base out") == true)
    }
  }
}
