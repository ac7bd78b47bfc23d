import Foundation
import LanguageModels
import TensorFiles
import TestSupport
import Testing
import Training

/// Checkpoints under failures of the disk and of the process.
@Suite struct CheckpointFaultTests {
  /// A run after some steps.
  private static func run(_ method: TrainingMethod, to step: Int) async throws
    -> LanguageModelTrainer
  {
    let trainer = try Trainer(tinyConfiguration(method, steps: 12), corpus: byteCorpus(8_000))
    for try await event in trainer {
      if case .step(let progress) = event, progress.step == step { break }
    }
    return trainer
  }

  @Test("The old or the new state goes on after a failure at any write, sync or rename")
  func cutPoints() async throws {
    let (old, new) = try await (Self.run(.loqt, to: 3), Self.run(.loqt, to: 5))
    try withTemporaryFolder { folder in
      let path = folder + "/checkpoint"
      var (cuts, steps) = (0, [Int: Int]())
      for canExchange in [true, false] {
        for fault in Saboteur.Fault.allCases {
          var isOld = false
          for position in 0... {
            if !isOld { try Checkpoint(old).write(to: path) }
            let saboteur = Saboteur(fault, at: position, canExchange: canExchange)
            try? FileOperations.$current.withValue(saboteur.operations) {
              try Checkpoint(new).write(to: path)
            }
            let settings = try RunSettings(checkpoint: path)
            try FolderManifest.verify(path)
            #expect(try Checkpoint(path: path).record?.steps.count == settings.step)
            steps[settings.step, default: 0] += 1
            isOld = settings.step == 3
            if !saboteur.hasStruck { break }
            cuts += 1
          }
        }
      }
      #expect(cuts > 200 && Set(steps.keys) == [3, 5], "\(cuts), \(steps)")
      let trainer = try Trainer(resuming: path, corpus: byteCorpus(8_000))
      #expect(trainer.step == 5)
    }
  }

  @Test("A flipped bit in any file is found when the run goes on", arguments: [3, 5, 8])
  func flippedBits(_ seed: UInt64) async throws {
    let trainer = try await Self.run(.loqt, to: 3)
    let corpus = try byteCorpus(8_000)
    var generator = SplitMix(state: seed)
    try withTemporaryFolder { folder in
      let path = folder + "/checkpoint"
      try Checkpoint(trainer).write(to: path)
      let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
      #expect(names.count == 8)
      for name in names {
        let url = URL(filePath: path + "/" + name)
        let good = try Data(contentsOf: url)
        for _ in 0..<6 {
          var bad = good
          let bit = Int.random(in: 0..<good.count * 8, using: &generator)
          bad[bit / 8] ^= 1 << (bit % 8)
          try bad.write(to: url)
          #expect(throws: (any Error).self, "bit \(bit) of \(name)") {
            _ = try Trainer(resuming: path, corpus: corpus)
          }
        }
        try good.write(to: url)
      }
      #expect(try Trainer(resuming: path, corpus: corpus).step == 3)
    }
  }

  @Test("A disk with too little room is found before anything is written")
  func noRoom() async throws {
    let trainer = try await Self.run(.full, to: 1)
    let needed = RunEstimate(trainer.configuration).checkpointBytes
    #expect(throws: InputError.self) {
      try trainer.configuration.checkDisk(at: ".", copies: 2, free: 2 * needed - 1)
    }
    try trainer.configuration.checkDisk(at: ".", copies: 2, free: 2 * needed + 1)
  }

  @Test("The newest checkpoints are kept, by their steps")
  func history() async throws {
    let trainer = try Trainer(tinyConfiguration(.full, steps: 12), corpus: byteCorpus(8_000))
    let folder = try makeTemporaryFolder()
    defer { removeTemporaryFolder(folder) }
    let path = folder + "/checkpoint"
    let history = CheckpointHistory(folder: folder + "/earlier", limit: 2)
    for try await event in trainer {
      guard case .step = event else { continue }
      try Checkpoint(trainer).write(to: path, keepingOldAt: history.place(of: path))
      history.prune()
    }
    #expect(try RunSettings(checkpoint: path).step == 12)
    #expect(
      history.checkpoints == [
        folder + "/earlier/step-000010", folder + "/earlier/step-000011",
      ])
    for earlier in history.checkpoints {
      let run = try Trainer(resuming: earlier, corpus: byteCorpus(8_000))
      #expect(earlier.hasSuffix("\(run.step)"))
    }
    #expect(CheckpointHistory(folder: folder + "/earlier", limit: nil, isResumed: true).limit == 2)
    #expect(CheckpointHistory(folder: folder + "/earlier", limit: nil).limit == 0)
  }
}

/// A small generator of random numbers (Steele, Lea and Flood, 2014).
private struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
