import Foundation
import TestSupport
import Testing
import Training

/// Checkpoints of an earlier release load and continue as they did in that release.
@Suite struct EarlierCheckpointTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Fixtures/checkpoints").path

  private static func corpus() throws -> Corpus {
    let lines = (0..<300).map { number in
      "the \(["cat", "dog", "cow"][number % 3]) sat on the \(["mat", "log"][number % 2])\n"
    }
    return try Corpus(
      SourceText(Array(lines.joined().utf8), name: "text.txt"), vocabulary: 256)
  }

  @Test(arguments: TrainingMethod.allCases)
  func anEarlierRunGoesOnWithTheSameLosses(_ method: TrainingMethod) async throws {
    let expected = try JSONDecoder().decode(
      [String: Losses].self, from: Data(contentsOf: URL(filePath: Self.folder + "/losses.json")))
    let path = Self.folder + "/" + method.name
    let trainer = try LanguageModelTrainer(resuming: path, corpus: Self.corpus())
    #expect(trainer.step == 13)
    let record = try await finished(trainer)
    let run = try #require(expected[method.name])
    for (step, loss) in zip(record.steps, run.losses) {
      // Other processors add in a different order, and a few steps amplify the difference.
      #expect(abs(step.loss - loss) < 2e-3, "step \(step.step): \(step.loss), was \(loss)")
    }
    #expect(abs(record.validationLoss - run.validation) < 2e-3)
  }

  @Test(arguments: TrainingMethod.allCases)
  func anEarlierCheckpointIsAModel(_ method: TrainingMethod) throws {
    let read = try Checkpoint(path: Self.folder + "/" + method.name)
    try withTemporaryFolder { folder in
      try read.write(to: folder + "/again")
      let file = "/model.safetensors"
      #expect(
        try Data(contentsOf: URL(filePath: folder + "/again" + file))
          == Data(contentsOf: URL(filePath: Self.folder + "/" + method.name + file)))
    }
  }

  struct Losses: Decodable {
    var losses: [Double]
    var validation: Double
  }
}
