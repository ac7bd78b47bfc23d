import LanguageModels
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

@Suite struct LanguageTextTests {
  private static let scale = ExperimentScale(
    preset: "9m", vocabulary: 256, steps: 6, batchSize: 2, sequence: 16, seeds: [0],
    validationTokens: 64)

  private func run(_ variant: Variant, rate: Double, on text: ExperimentText) async throws
    -> RunRecord
  {
    let run = try ExperimentRun(
      variant, learningRate: rate, seed: 0, scale: Self.scale, text: text)
    return try #require(await run.execute(Self.scale, on: text, in: "") { _ in true })
  }

  @Test func aTrainedModelGoesOnAndIsMeasuredOnWhatItKnewToo() async throws {
    let folder = try makeTemporaryFolder()
    defer { removeTemporaryFolder(folder) }
    // A model that knows counting.
    let known = try SourceText(
      Array((0..<900).map { "number \($0 % 10)\n" }.joined().utf8), name: "known")
    let trainer = try Trainer(
      TrainingConfiguration(
        model: LlamaConfiguration(
          hiddenSize: 32, intermediateSize: 64, layers: 1, heads: 2, maxPositions: 64),
        method: .full, steps: 60, batchSize: 4, sequence: 16),
      corpus: Corpus(known, vocabulary: 256))
    for try await _ in trainer {}
    try Checkpoint(trainer).write(to: folder + "/model")

    let learnt = try SourceText(
      Array((0..<900).map { "XYZ\($0 % 7)=\($0 % 3)\n" }.joined().utf8), name: "learnt")
    let text = try ExperimentText(
      LanguageText(weights: folder + "/model", text: learnt, known: known, sequence: 16))
    let variants = Experiment.language.variants(Self.scale)
    let before = try await run(
      #require(variants.first { $0.name == "before" }), rate: 1e-30, on: text)
    let after = try await run(
      #require(variants.first { $0.name == "full" }), rate: 3e-3, on: text)
    // The text that is known is; the other is learnt, and the first one forgotten for it.
    let knew = try #require(before.knownLoss)
    #expect(knew < before.validationLoss - 1, "\(knew), \(before.validationLoss)")
    #expect(after.validationLoss < before.validationLoss - 0.2, "\(after.validationLoss)")
    #expect(try #require(after.knownLoss) > before.knownLoss ?? .infinity)

    // Another text makes another run.
    let other = try ExperimentText(
      LanguageText(weights: folder + "/model", text: known, known: known, sequence: 16))
    #expect(
      try Set(
        [text, other].map {
          try ExperimentRun(
            variants[0], learningRate: 1, seed: 0, scale: Self.scale, text: $0
          ).key
        }
      ).count == 2)
  }
}
