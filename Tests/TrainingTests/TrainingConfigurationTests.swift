import LanguageModels
import LoQT
import Optimizers
import Stepping
import Testing
import Training

@Suite struct TrainingConfigurationTests {
  @Test(arguments: [20, 60, 100, 400, 1_000, 10_000])
  func defaultsMergeAtLeastSixTimes(_ steps: Int) throws {
    let configuration = try TrainingConfiguration(
      model: TrainingConfiguration.model(preset: "9m"), steps: steps)
    #expect(configuration.plan.merges.mergeSteps(below: steps, sparingTail: true).count >= 6)
  }

  @Test func anUnknownPresetListsThePresets() {
    let error = #expect(throws: InputError.self) {
      try TrainingConfiguration.model(preset: "10m")
    }
    for name in ["10m", "9m", "20m", "60m", "130m", "350m", "1b", "7b", "13b"] {
      #expect(error?.description.contains(name) == true)
    }
  }

  /// A wrong setting, and a part of the message that names it.
  private static let wrong: [(String, @Sendable () throws -> TrainingConfiguration)] = [
    ("--rank 0", { try TrainingConfiguration(model: tinyModel, options: .with { $0.rank = 0 }) }),
    ("--rank -1", { try TrainingConfiguration(model: tinyModel, options: .with { $0.rank = -1 }) }),
    ("--rank 25", { try TrainingConfiguration(model: tinyModel, options: .with { $0.rank = 25 }) }),
    ("--steps 0", { try TrainingConfiguration(model: tinyModel, steps: 0) }),
    ("--batch 0", { try TrainingConfiguration(model: tinyModel, batchSize: 0) }),
    ("--sequence 0", { try TrainingConfiguration(model: tinyModel, sequence: 0) }),
    ("--sequence", { try TrainingConfiguration(model: tinyModel, sequence: .max) }),
    ("--batch", { try TrainingConfiguration(model: tinyModel, batchSize: .max) }),
    (
      "--batch times --sequence",
      { try TrainingConfiguration(model: tinyModel, batchSize: 1 << 30, sequence: 1 << 20) }
    ),
    (
      "--scale 0.0",
      { try TrainingConfiguration(model: tinyModel, options: .with { $0.scale = 0 }) }
    ),
    (
      "--scale nan",
      { try TrainingConfiguration(model: tinyModel, options: .with { $0.scale = .nan }) }
    ),
    (
      "--scale 1e-50",
      { try TrainingConfiguration(model: tinyModel, options: .with { $0.scale = 1e-50 }) }
    ),
    ("--learning-rate -1.0", { try TrainingConfiguration(model: tinyModel, learningRate: -1) }),
    (
      "--learning-rate inf",
      { try TrainingConfiguration(model: tinyModel, learningRate: .infinity) }
    ),
    (
      "--merge-gap 0",
      { try TrainingConfiguration(model: tinyModel, options: .with { $0.mergeGap = 0 }) }
    ),
    (
      "--merge-gap 50",
      {
        try TrainingConfiguration(
          model: tinyModel, options: .with { $0.mergeGap = 50 }, steps: 50)
      }
    ),
    (
      "--merge-growth",
      { try TrainingConfiguration(model: tinyModel, options: .with { $0.mergeGrowth = -0.5 }) }
    ),
    (
      "--compensation",
      { try TrainingConfiguration(model: tinyModel, options: .with { $0.compensation = -1 }) }
    ),
  ]

  @Test(arguments: wrong.indices)
  func wrongSettingsAreNamed(_ index: Int) {
    let (piece, make) = Self.wrong[index]
    let error = #expect(throws: InputError.self) { try make() }
    #expect(error?.description.contains(piece) == true)
  }

  @Test func aRankAboveSomeLayersIsANotice() throws {
    // Keys and values have 12 outputs.
    let configuration = try TrainingConfiguration(model: tinyModel, options: .with { $0.rank = 16 })
    #expect(configuration.notices.count == 1)
    #expect(
      try TrainingConfiguration(model: tinyModel, options: .with { $0.rank = 12 }).notices.isEmpty)
  }

  @Test func aLongSequenceGetsItsPositions() throws {
    let configuration = try TrainingConfiguration(model: tinyModel, sequence: 100)
    #expect(configuration.model.maxPositions == 100)
  }
}
