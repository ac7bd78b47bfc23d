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

  @Test func anotherTextAndAFinishedRunAreRefused() async throws {
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
      #expect(throws: TensorFileError.self) { try Trainer(resuming: path, corpus: corpus) }
    }
  }
}
