import Foundation
import LanguageModels
import LoQTKit
import Testing
import Tokenization
import Training

/// A method, a model, a schedule and a task added from outside the package.
@Suite(.serialized) struct OwnPartsTests {
  static let text: [UInt8] = (0..<900).flatMap { number in
    Array(
      "the \(["cat", "dog", "cow"][number % 3]) sat on the \(["mat", "log"][number % 2])\n".utf8)
  }

  static func corpus() throws -> Corpus {
    try Corpus(SourceText(text, name: "animals"), vocabulary: 256)
  }

  static let halving = ScheduleRule("halving") { peak, steps in
    LearningRateSchedule(peak: peak) { step in 1 / Double(1 + 2 * step / max(1, steps)) }
  }

  private func configuration(
    _ method: TrainingMethod, model: any ModelConfiguration = TinyGPTConfiguration()
  ) throws -> TrainingConfiguration {
    var options = MethodOptions()
    options.mergeGap = 10
    return try TrainingConfiguration(
      model: model, named: "tiny", method: method, options: options, steps: 60, batchSize: 8,
      sequence: 32, learningRate: 0.01, schedule: Self.halving, seed: 3)
  }

  private func train<Task>(_ trainer: Trainer<Task>) async throws -> RunRecord {
    for try await _ in trainer {}
    return trainer.finish()
  }

  @Test(arguments: [TrainingMethod.masked, .loqt, .full])
  func `a model of our own learns by our method and by the package's`(_ method: TrainingMethod)
    async throws
  {
    let trainer = try Trainer(configuration(method), corpus: Self.corpus())
    let record = try await train(trainer)
    let start = try #require(record.evaluations.first).loss
    // Bytes drawn evenly have ln 256 = 5.55; the text repeats six lines.
    #expect(abs(start - 5.55) < 0.2)
    #expect(record.validationLoss < 2.5, "\(method): \(record.validationLoss)")
    #expect(record.steps[29].learningRate == 0.01 / 1 && record.steps[30].learningRate == 0.005)
    guard method == .masked else { return }
    #expect(record.merges.count >= 3)
    for (_, layer) in trainer.optimizer.participants {
      let masked = try #require(layer as? MaskedLinear)
      let zeros = masked.effectiveWeight().scalars.count { $0 == 0 }
      #expect(abs(Double(zeros) / Double(masked.weight.shape.elementCount) - 0.5) < 0.01)
    }
  }

  @Test func `a run of our own parts is saved, read and resumed to the bit`() async throws {
    TrainingMethod.register(.masked)
    ModelFamily.register(.tinyGPT)
    ScheduleRule.register(Self.halving)
    let folder = NSTemporaryDirectory() + "own-parts-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let whole = try Trainer(configuration(.masked), corpus: Self.corpus())
    for try await event in whole {
      if case .step(let progress) = event, progress.step == 33 {
        try Checkpoint(whole).write(to: folder + "/checkpoint")
      }
    }
    let resumed = try LanguageModelTrainer(resuming: folder + "/checkpoint", corpus: Self.corpus())
    #expect(resumed.step == 33 && resumed.model is TinyGPT)
    for try await _ in resumed {}
    for (a, b) in zip(whole.model.parameters, resumed.model.parameters) {
      #expect(a.tensor == b.tensor, "\(a.name)")
    }
    try Checkpoint(whole).write(to: folder + "/finished")
    let read = try Checkpoint(path: folder + "/finished")
    for (a, b) in zip(whole.model.parameters, read.model.parameters) {
      #expect(a.tensor == b.tensor)
    }
  }

  /// Reads the text backwards, with a custom loss.
  final class Backwards: TrainingTask {
    let model = TinyGPT(TinyGPTConfiguration(), using: .loqt(rank: 8, seed: 5))
    let tokens = OwnPartsTests.text.reversed().map { Int32($0) }
    var module: any Module { model }
    var source: String { "animals, backwards" }
    var tokensPerStep: Int { 8 * 32 }

    private func loss(from start: Int) -> Variable {
      let windows = (0..<8).map { start + $0 * 61 }
      func gather(_ shift: Int) -> Tensor<Int32> {
        Tensor(
          windows.flatMap { window in
            (0..<32).map { tokens[(window + $0 + shift) % tokens.count] }
          }, shape: [8, 32])
      }
      return crossEntropy(model.logits(gather(0)), labels: gather(1))
    }

    func losses(of step: Int, isMerge: Bool) -> [() -> Variable] {
      [{ [self] in loss(from: 997 * step) }]
    }
    func size(of evaluation: TaskEvaluation) -> Int { 8 }
    func measure(_ evaluation: TaskEvaluation) -> Double {
      withoutGradient { loss(from: 12_345).scalar }
    }
  }

  @Test func `a task of our own runs in the same loop`() async throws {
    let trainer = Trainer(try configuration(.loqt), task: Backwards())
    let record = try await train(trainer)
    #expect(record.validationLoss < 1.5)
    #expect(record.merges.count >= 3 && record.steps.count == 60)
  }
}
