import LanguageModels
import LoQT
import Optimizers
import Stepping
import TensorFiles
import TestSupport
import Tensors
import Testing
import Training

@Suite struct ResumeTests {
  /// The bits of a model.
  private static func bits(_ trainer: LanguageModelTrainer) throws -> [UInt8] {
    try withTemporaryFolder { folder in
      try Checkpoint(trainer).write(to: folder + "/checkpoint")
      let file = try SafetensorsFile(path: folder + "/checkpoint/model.safetensors")
      return try file.entries.sorted { $0.name < $1.name }.flatMap { entry -> [UInt8] in
        switch entry.elementType {
        case .u8: try file.tensor(named: entry.name, as: UInt8.self).scalars
        default:
          try file.tensor(named: entry.name, as: Float.self).scalars.flatMap { value in
            withUnsafeBytes(of: value.bitPattern) { Array($0) }
          }
        }
      }
    }
  }

  private static func inFolder(_ body: (String) async throws -> Void) async throws {
    let folder = try makeTemporaryFolder()
    defer { removeTemporaryFolder(folder) }
    try await body(folder)
  }

  private static func advance(_ trainer: LanguageModelTrainer, to step: Int) async throws {
    for try await event in trainer {
      if case .step(let progress) = event, progress.step == step { break }
    }
  }

  /// Runs in a separate process, since sums may be added in a different order while other tests use the
  /// threads.
  @Test func everyMethodGoesOnBitForBitInTheMiddleOfAnInterval() async {
    await #expect(processExitsWith: .success) {
      let corpus = try byteCorpus(8_000)
      for method in TrainingMethod.allCases {
        // Projections and merges at 0, 4, 9: cuts inside intervals, before and at a merge.
        let whole = try Trainer(tinyConfiguration(method, steps: 12), corpus: corpus)
        try await ResumeTests.advance(whole, to: 11)
        let expected = try ResumeTests.bits(whole)
        for cut in [2, 4, 6] {
          let first = try Trainer(tinyConfiguration(method, steps: 12), corpus: corpus)
          try await ResumeTests.advance(first, to: cut)
          try await ResumeTests.inFolder { folder in
            try Checkpoint(first).write(to: folder + "/checkpoint")
            let second = try Trainer(resuming: folder + "/checkpoint", corpus: corpus)
            #expect(second.step == cut)
            try await ResumeTests.advance(second, to: 11)
            #expect(try ResumeTests.bits(second) == expected, "\(method.name) cut at \(cut)")
            #expect(second.record.steps.map(\.loss) == whole.record.steps.map(\.loss))
            #expect(second.record.merges.map(\.step) == whole.record.merges.map(\.step))
          }
        }
      }
    }
  }

  @Test func anotherTextIsRefusedAndAFinishedRunHasNothingLeftToDo() async throws {
    let corpus = try byteCorpus(8_000)
    let trainer = try Trainer(tinyConfiguration(.loqt, steps: 3, mergeGap: 2), corpus: corpus)
    try await ResumeTests.inFolder { folder in
      let path = folder + "/checkpoint"
      try await ResumeTests.advance(trainer, to: 2)
      try Checkpoint(trainer).write(to: path)
      #expect(throws: InputError.self) { try Trainer(resuming: path, corpus: byteCorpus(9_000)) }
      #expect(try Trainer(resuming: path, corpus: corpus).step == 2)
      for try await _ in trainer {}
      try Checkpoint(trainer).write(to: path)
      let finished = try Trainer(resuming: path, corpus: corpus)
      for try await _ in finished { Issue.record("a finished run went on") }
      #expect(try RunSettings(checkpoint: path).isFinished)
    }
  }

  /// With a constant rate and without merges nothing depends on the length of a run, so steps added later
  /// are those of a run that was longer from the start.
  @Test func aFinishedRunIsMadeLongerBitForBit() async {
    await #expect(processExitsWith: .success) {
      let corpus = try byteCorpus(8_000)
      func configuration(_ method: TrainingMethod, steps: Int) throws -> TrainingConfiguration {
        try TrainingConfiguration(
          model: tinyModel, method: method, options: .with { $0.rank = 8 }, steps: steps,
          batchSize: 4, sequence: 16, learningRate: 0.02, schedule: .constant, seed: 1,
          evaluationInterval: 100, validationTokens: 0)
      }
      for method in [TrainingMethod.full, .qlora] {
        let whole = try Trainer(configuration(method, steps: 12), corpus: corpus)
        for try await _ in whole {}
        let short = try Trainer(configuration(method, steps: 7), corpus: corpus)
        for try await _ in short {}
        try await ResumeTests.inFolder { folder in
          let path = folder + "/checkpoint"
          try Checkpoint(short).write(to: path)
          var settings = try RunSettings(checkpoint: path)
          var changes = RunChanges()
          changes.steps = 12
          #expect(try settings.apply(changes).count == 1)
          let longer = try Trainer(
            resuming: path, settings, corpus: corpus, start: ContinuousClock().now)
          for try await _ in longer {}
          #expect(longer.step == 12)
          #expect(try ResumeTests.bits(longer) == ResumeTests.bits(whole), "\(method.name)")
        }
      }
    }
  }

  @Test func changesTakeEffectOrAreRefused() async throws {
    let corpus = try byteCorpus(8_000)
    let trainer = try Trainer(tinyConfiguration(.loqt, steps: 12), corpus: corpus)
    try await ResumeTests.advance(trainer, to: 5)
    try await ResumeTests.inFolder { folder in
      let path = folder + "/checkpoint"
      try Checkpoint(trainer).write(to: path)
      let saved = try RunSettings(checkpoint: path)
      var changes = RunChanges()
      changes.learningRate = 0.001
      changes.schedule = "constant"
      changes.steps = 20
      changes.validationTokens = 0
      var settings = saved
      #expect(
        try settings.apply(changes) == [
          "After step 5 the number of steps is 20; it was 12.",
          "After step 5 the learning rate is 0.001; it was 0.02.",
          "After step 5 the schedule is constant; it was cosine.",
        ])
      let changed = try Trainer(
        resuming: path, settings, corpus: corpus, start: ContinuousClock().now)
      let record = try await finished(changed)
      #expect(record.steps.count == 20 && record.validationLoss.isNaN)
      #expect(record.steps.suffix(15).allSatisfy { $0.learningRate == 0.001 })
      // Merges keep their distance of 4 steps, times 1.2 each time.
      #expect(settings.options.mergeGap == 4)
      changes.steps = 4
      settings = saved
      let error = #expect(throws: InputError.self) { try settings.apply(changes) }
      #expect(error?.description.contains("5 steps that the run has taken") == true)
    }
  }
}
