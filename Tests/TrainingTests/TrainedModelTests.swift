import Foundation
import JSON
import LanguageModels
import Layers
import LoQT
import Optimizers
import Stepping
import TensorFiles
import TestSupport
import Tensors
import Testing

@testable import Training

/// Runs that start from a trained dense model, read layer by layer.
@Suite struct TrainedModelTests {
  /// Trains a model for some steps into a folder, and returns its validation loss.
  static func trainedFolder(_ folder: String, _ corpus: Corpus) async throws -> (
    path: String, loss: Double
  ) {
    let trainer = try Trainer(tinyConfiguration(.full), corpus: corpus)
    let record = try await finished(trainer)
    let path = folder + "/trained"
    try Checkpoint(trainer).write(to: path)
    return (path, record.validationLoss)
  }

  static func configuration(
    _ method: TrainingMethod, from path: String, steps: Int = 6,
    _ set: (inout MethodOptions) -> Void = { _ in }
  ) throws -> TrainingConfiguration {
    try TrainingConfiguration(
      model: LlamaConfiguration(path: path + "/config.json"), weights: path, method: method,
      options: .with {
        $0.rank = 8
        $0.mergeGap = 3
        set(&$0)
      }, steps: steps, batchSize: 4, sequence: 16, seed: 1, evaluationInterval: 8)
  }

  /// Gives layers matrices from memory instead of those in files.
  private struct InMemory: LinearFactory {
    let factory: any LinearFactory
    func makeLinear(
      weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
    ) -> any LinearLayer {
      factory.makeLinear(weight: weight, bias: bias, random: random)
    }
  }

  private static func bits(_ model: any LanguageModel) throws -> [String: [UInt8]] {
    try withTemporaryFolder { folder in
      try Checkpoint(
        model: model, tokenizer: byteCorpus().tokenizer, record: nil
      ).write(to: folder + "/checkpoint")
      let file = try SafetensorsFile(path: folder + "/checkpoint/model.safetensors")
      return try Dictionary(
        uniqueKeysWithValues: file.names.map { ($0, try file.bytes(named: $0)) })
    }
  }

  private static func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = try makeTemporaryFolder()
    defer { removeTemporaryFolder(folder) }
    try await body(folder)
  }

  /// Runs in a separate process, since sums may be added in a different order while other tests use the
  /// threads.
  @Test func everyMethodIsTheSameRunAsFromMatricesInMemory() async {
    await #expect(processExitsWith: .success) {
      try await TrainedModelTests.inFolder { folder in
        let corpus = try byteCorpus(8_000)
        let (path, _) = try await TrainedModelTests.trainedFolder(folder, corpus)
        let weights = try SafetensorsFolder(path: path)
        for method in TrainingMethod.allCases {
          let configuration = try TrainedModelTests.configuration(method, from: path)
          let streamed = try Trainer(configuration, corpus: corpus)
          let held = try Trainer(configuration, corpus: corpus) { model, _ in
            try model.makeModel(
              reading: weights,
              using: LayerBuilder(
                InMemory(factory: configuration.plan.layers.factory), seed: configuration.seed))
          }
          #expect(
            try TrainedModelTests.bits(streamed.model) == TrainedModelTests.bits(held.model),
            "\(method.name) at the start")
          for trainer in [streamed, held] { for try await _ in trainer {} }
          #expect(streamed.record.steps.map(\.loss) == held.record.steps.map(\.loss))
          #expect(streamed.record.merges.count == held.record.merges.count)
          #expect(
            try TrainedModelTests.bits(streamed.model) == TrainedModelTests.bits(held.model),
            "\(method.name) at the end")
        }
      }
    }
  }

  /// Packed formats lose some precision at once; LoQT starts with the exact model, since it keeps the
  /// matrices until the first merge.
  @Test func aRunBeginsWithTheLossOfItsModelAndLowersIt() async throws {
    try await Self.inFolder { folder in
      let corpus = try byteCorpus()
      let (path, loss) = try await Self.trainedFolder(folder, corpus)
      for method in [TrainingMethod.loqt, .full, .lora, .galore, .qlora] {
        let trainer = try Trainer(Self.configuration(method, from: path, steps: 30), corpus: corpus)
        let windows = EvaluationWindows.all(of: corpus.validation, sequence: 16, batchSize: 4)
        // Sums may be added in a different order while other tests use the threads; NF4 moves the loss.
        let bound = method == .qlora ? 0.3 : 1e-5
        #expect(abs(trainer.model.meanLoss(over: windows) - loss) < bound, "\(method.name)")
        let record = try await finished(trainer)
        #expect(
          record.validationLoss < loss - 0.02, "\(method.name): \(record.validationLoss) \(loss)")
        #expect(record.settings.contains { $0.value == path })
      }
    }
  }

  /// The peak of tensors is counted per process, so each method runs in a separate one.
  @Test(arguments: ["loqt", "qlora", "q-galore"])
  func wrappingHoldsTheModelAsStoredAndTwoMatricesAtMost(_ name: String) async {
    await #expect(processExitsWith: .success) { [name] in
      try await TrainedModelTests.inFolder { folder in
        let model = LlamaConfiguration(
          vocabularySize: 4_000, hiddenSize: 256, intermediateSize: 704, layers: 6, heads: 4,
          maxPositions: 64)
        try SafetensorsFile.write(
          Llama(model, using: .dense()).parameterTensors, to: folder + "/model.safetensors")
        try JSONValue.object(model.json).text().write(
          toFile: folder + "/config.json", atomically: true, encoding: .utf8)
        let configuration = try TrainingConfiguration(
          model: model, weights: folder, method: try #require(TrainingMethod(rawValue: name)),
          options: .with {
            $0.rank = 16
            $0.mergeGap = 2
          }, steps: 4, batchSize: 4, sequence: 64, validationTokens: 0)
        let corpus = try byteCorpus()
        let state = MemoryModel(model).breakdown(configuration.plan)
        let matrix = 4 * model.hiddenSize * model.intermediateSize
        TensorMemory.resetPeak()
        let start = TensorMemory.liveBytes
        let trainer = try Trainer(configuration, corpus: corpus)
        let (live, peak) = (TensorMemory.liveBytes - start, TensorMemory.peakBytes - start)
        // Rotary angles, and up to 64 bytes more for each buffer.
        let slack = 8 * model.maxPositions * model.headSize + 64 * 2_000
        let stored = state.weights + state.adapters + slack
        #expect(live <= stored, "\(live) \(stored)")
        #expect(peak <= stored + 2 * matrix, "\(peak) \(stored) \(matrix)")
        #expect(stored + 2 * matrix < 4 * model.parameterCount * 2 / 3)
        // Nor are all matrices in memory in the first step, whose merges read each one again.
        for try await _ in trainer {}
        let record = trainer.finish()
        let estimate = MemoryModel(model).peak(
          configuration.plan, memory: configuration.memory, batch: configuration.batchShape)
        let ratio = Double(estimate.total) / Double(record.memory.tensors)
        #expect(abs(ratio - 1) <= 0.1, "\(ratio); estimate \(estimate), run \(record.memory)")
      }
    }
  }

  @Test func aFileThatIsRemovedIsStillReadAndOneThatIsShortenedIsOneError() async throws {
    try await Self.inFolder { folder in
      let corpus = try byteCorpus(8_000)
      let (path, _) = try await Self.trainedFolder(folder, corpus)
      let file = path + "/model.safetensors"
      let configuration = try Self.configuration(.loqt, from: path)
      let (one, two) = (
        try Trainer(configuration, corpus: corpus), try Trainer(configuration, corpus: corpus)
      )
      let saved = try Data(contentsOf: URL(filePath: file))
      try FileManager.default.removeItem(atPath: file)
      for try await _ in one {}
      #expect(one.step == 6 && one.record.merges[0].layers.allSatisfy { $0.note == nil })
      // Before the first merge the whole model can be saved.
      try Checkpoint(two).write(to: folder + "/unbegun")
      _ = try Checkpoint(path: folder + "/unbegun")

      try saved.write(to: URL(filePath: file))
      let three = try Trainer(configuration, corpus: corpus)
      truncate(file, off_t(saved.count / 2))
      var error = await #expect(throws: TensorFileError.self) { for try await _ in three {} }
      #expect(error?.code == .truncated && error?.file == file, "\(error!)")
      #expect(three.step == 0)
      error = #expect(throws: TensorFileError.self) {
        try Checkpoint(three).write(to: folder + "/broken")
      }
      #expect(error?.code == .truncated)
      #expect(!FileManager.default.fileExists(atPath: folder + "/broken"))
    }
  }

  @Test func aRunFromATrainedModelGoesOnBitForBit() async throws {
    try await Self.inFolder { folder in
      let corpus = try byteCorpus(8_000)
      let (path, _) = try await Self.trainedFolder(folder, corpus)
      let trainer = try Trainer(Self.configuration(.loqt, from: path), corpus: corpus)
      for try await event in trainer {
        if case .step(let progress) = event, progress.step == 2 { break }
      }
      try Checkpoint(trainer).write(to: folder + "/checkpoint")
      // The run's own files are enough to continue.
      try FileManager.default.removeItem(atPath: path)
      let resumed = try Trainer(resuming: folder + "/checkpoint", corpus: corpus)
      #expect(resumed.step == 2 && resumed.configuration.weights == path)
      for run in [trainer, resumed] { for try await _ in run {} }
      // Sums may be added in a different order while other tests use the threads.
      for (a, b) in zip(trainer.record.steps, resumed.record.steps) {
        #expect(abs(a.loss - b.loss) < 1e-4)
      }
    }
  }

  @Test func settingsThatATrainedModelHasItselfAreRefused() async throws {
    try await Self.inFolder { folder in
      let corpus = try byteCorpus(8_000)
      let (path, _) = try await Self.trainedFolder(folder, corpus)
      let model = try LlamaConfiguration(path: path + "/config.json")
      let rows = #expect(throws: InputError.self) {
        try TrainingConfiguration(model: model, weights: path, vocabulary: 300)
      }
      #expect(rows?.description.contains("256 rows") == true)
      let long = #expect(throws: InputError.self) {
        try TrainingConfiguration(
          model: model, weights: path, batchSize: 1, sequence: model.maxPositions + 1)
      }
      #expect(long?.description.contains("Give at most \(model.maxPositions)") == true)
      let words = try Corpus(SourceText(patternedText(8_000)), vocabulary: 270)
      let tokens = #expect(throws: InputError.self) {
        try Self.configuration(.loqt, from: path).sized(for: words)
      }
      #expect(tokens?.description.contains("270 tokens") == true)
      #expect(
        try TrainingConfiguration(model: model, weights: path, method: .full).learningRate
          == TrainingMethod.full.defaults.learningRate / 10)
    }
  }
}
