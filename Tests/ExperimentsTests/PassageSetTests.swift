import Autodiff
import LanguageModels
import Layers
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

@Suite struct PassageSetTests {
  /// Numbered lines with alternating labels.
  private func lines(_ count: Int) -> [UInt8] {
    Array((0..<count).map { "\(["cat", "dog"][$0 % 2])\tsays \($0)\n" }.joined().utf8)
  }

  private func text(_ bytes: [UInt8]) throws -> ExperimentText {
    try ExperimentText(
      SourceText(patternedText(8_000)), vocabulary: 256, labelled: LabelledText(bytes))
  }

  @Test func everyFifthLineIsKeptForTheTest() throws {
    let set = try PassageSet(text(lines(60)), testing: nil)
    #expect(set.classes == 2)
    #expect(set.test == Array(stride(from: 4, to: 60, by: 5)))
    #expect(set.training.count == 48 && Set(set.training).isDisjoint(with: set.test))
    #expect(set.mostFrequentShare == 0.5)
  }

  @Test func shorterLinesAreFilledUpWithWeightZero() throws {
    let long = String(repeating: "x", count: 100)
    let set = try PassageSet(text(Array("cat\tab\ndog\t\(long)\n".utf8) + lines(48)), testing: nil)
    let batch = set.batch([0, 1])
    #expect(batch.tokens.shape == [2, PassageSet.length])
    #expect(Array(batch.tokens.scalars.prefix(3)) == [0x61, 0x62, 0])
    #expect(batch.weights.scalars.prefix(3) == [0.5, 0.5, 0])
    #expect(batch.weights.sum() == 2)
    #expect(batch.labels.scalars == [0, 1])
  }

  @Test func whatALineIsFilledUpWithChangesNothing() throws {
    let long = String(repeating: "xyz ", count: 7)
    let set = try PassageSet(
      text(Array("cat\tab cd\ndog\t\(long)\n".utf8) + lines(48)), testing: nil)
    var random = RandomSource(seed: 3)
    let tinyModel = LlamaConfiguration(
      vocabularySize: 256, hiddenSize: 24, intermediateSize: 40, layers: 2, heads: 4, keyHeads: 2,
      headSize: 6, maxPositions: 32)
    let model = PassageClassifier(
      body: Llama(tinyModel, using: .dense(seed: 2)),
      classifier: Linear(
        weight: .normal([2, tinyModel.hiddenSize], using: &random), bias: .zeros([2])))
    let alone = model(set.batch([0])).value.float.scalars
    let together = model(set.batch([0, 1])).value.float.scalars
    // Sums in single precision in a different order.
    for (a, b) in zip(alone, together) { #expect(abs(a - b) < 1e-5 * max(1, abs(a))) }
  }

  @Test func labelsMakeOtherRunsOfWhatIsFineTunedOnly() throws {
    let scale = ExperimentScale(
      preset: "9m", vocabulary: 256, steps: 2, batchSize: 2, sequence: 16, seeds: [0])
    func key(_ task: Variant.Task, _ text: ExperimentText) throws -> String {
      var variant = Variant(.full)
      variant.task = task
      return try ExperimentRun(variant, learningRate: 0.01, seed: 0, scale: scale, text: text).key
    }
    let plain = try ExperimentText(SourceText(patternedText(8_000)), vocabulary: 256)
    let (some, more) = try (text(lines(60)), text(lines(61)))
    #expect(try Set([plain, some, more].map { try key(.pretraining, $0) }).count == 1)
    #expect(try Set([plain, some, more].map { try key(.fineTuning, $0) }).count == 3)
  }

  @Test func aModelLearnsLabelsThatTheTextGivesAway() async throws {
    let folder = try makeTemporaryFolder()
    defer { removeTemporaryFolder(folder) }
    let sentences = (0..<60).map { $0 % 3 == 0 ? "cat\tmeow \($0)\n" : "dog\twoof wow \($0)\n" }
    let text = try text(Array(sentences.joined().utf8))
    let scale = ExperimentScale(
      preset: "9m", vocabulary: 256, steps: 12, batchSize: 2, sequence: 16, seeds: [0])
    var variant = Variant(.loqt)
    variant.task = .fineTuning
    let run = try ExperimentRun(variant, learningRate: 0.01, seed: 0, scale: scale, text: text)
    let record = try #require(
      await run.execute(scale, on: text, in: folder) { _ in true })
    #expect(record.accuracy == 1)
    #expect(record.steps.count == 12)
  }
}
