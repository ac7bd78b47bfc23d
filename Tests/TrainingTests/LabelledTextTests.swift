import Autodiff
import Foundation
import LanguageModels
import Layers
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct LabelledTextTests {
  /// So many lines, one a number, whose labels take turns.
  private func lines(_ count: Int, labels: [String] = ["cat", "dog"]) -> [UInt8] {
    Array(
      (0..<count).map { "\(labels[$0 % labels.count])\tsays \($0)\n" }.joined().utf8)
  }

  @Test func labelsAndTextsArePartedAtTheFirstTab() throws {
    let text = try LabelledText(
      [0xEF, 0xBB, 0xBF] + Array("zebra\tone\ttwo\r\n\n  \n".utf8) + lines(49)
        + Array("a b\tx".utf8))
    #expect(text.labels == ["a b", "cat", "dog", "zebra"].map { Array($0.utf8) })
    #expect(text.lines.count == 51)
    #expect(text.lines[0].text == Array("one\ttwo".utf8) && text.lines[0].label == 3)
    #expect(text.lines[2].text == Array("says 1".utf8) && text.lines[2].label == 2)
    #expect(text.lines[50].text == [0x78] && text.lines[50].label == 0)
  }

  @Test(arguments: [
    (["no tab"], "Line 51"), (["\tno label"], "Line 51"), ([" \tno label"], "Line 51"),
    (["", "no text\t"], "Line 52"), (["no text\t "], "Line 51"),
  ])
  func aLineWithoutLabelOrTextIsNamed(_ last: [String], _ place: String) {
    let error = #expect(throws: InputError.self) {
      try LabelledText(
        self.lines(50) + Array((last.joined(separator: "\n") + "\n").utf8), name: "file.tsv")
    }
    #expect(error?.description.contains("\(place) of file.tsv is not a label") == true)
  }

  @Test func tooFewLinesOrLabelsAreRefused() {
    func message(_ bytes: [UInt8]) -> String {
      let error = #expect(throws: InputError.self) { try LabelledText(bytes, name: "file.tsv") }
      return error?.description ?? ""
    }
    #expect(message(lines(49)).contains("has 49 lines"))
    #expect(message(lines(60, labels: ["cat"])).contains("same label"))
    #expect(message([]).contains("holds no text"))
    #expect(message([0xFF, 0xFE] + lines(50)).contains("UTF-16"))
    #expect(throws: InputError.self) { try LabelledText(file: "/nowhere.tsv") }
    #expect(throws: InputError.self) { try LabelledText(file: NSTemporaryDirectory()) }
  }

  @Test func everyFifthLineIsKeptForTheTest() throws {
    let set = try PassageSet(text(lines(60)), testing: nil)
    #expect(set.classes == 2)
    #expect(set.test == Array(stride(from: 4, to: 60, by: 5)))
    #expect(set.training.count == 48 && Set(set.training).isDisjoint(with: set.test))
    #expect(set.mostFrequentShare == 0.5)
  }

  private func text(_ bytes: [UInt8]) throws -> ExperimentText {
    try ExperimentText(
      SourceText(patternedText(8_000)), vocabulary: 256, labelled: LabelledText(bytes))
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
    let model = PassageClassifier(
      body: Llama(tinyModel, using: .dense(seed: 2)),
      classifier: Linear(
        weight: .normal([2, tinyModel.hiddenSize], using: &random), bias: .zeros([2])))
    let alone = model(set.batch([0])).value.float.scalars
    let together = model(set.batch([0, 1])).value.float.scalars
    // Sums of single precision in another order.
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
