import Foundation
import LanguageModels
import LoQT
import Stepping
import Synchronization
import TensorFiles
import TestSupport
import Testing
import Tokenization
import Training

@Suite struct CheckpointTests {
  /// A trainer after some steps.
  private func trained(_ method: TrainingMethod, steps: Int = 6) async throws
    -> LanguageModelTrainer
  {
    let trainer = try Trainer(tinyConfiguration(method, steps: steps), corpus: byteCorpus())
    _ = try await finished(trainer)
    return trainer
  }

  @Test(arguments: TrainingMethod.allCases)
  func aCheckpointReadsBackToTheSameLoss(_ method: TrainingMethod) async throws {
    let trainer = try await trained(method)
    let windows = EvaluationWindows.all(
      of: trainer.corpus.validation, sequence: 16, batchSize: 4)
    try withTemporaryFolder { folder in
      try Checkpoint(trainer).write(to: folder + "/checkpoint")
      let read = try Checkpoint(path: folder + "/checkpoint")
      // Sums may be added in a different order while other tests use the threads.
      #expect(abs(read.model.meanLoss(over: windows) - trainer.record.validationLoss) < 1e-6)
      let saved = read.parameterisation as? LoQTMatrices
      #expect(saved?.loqt == (trainer.configuration.plan.layers as? LoQTMatrices)?.loqt)
      #expect(read.record?.validationLoss == trainer.record.validationLoss)
      #expect(read.record?.merges == trainer.record.merges)
      let text = patternedText(100)
      #expect(read.tokenizer.encode(bytes: text) == trainer.corpus.tokenizer.encode(bytes: text))
      // The same bytes again.
      try read.write(to: folder + "/again")
      let file = "/model.safetensors"
      #expect(
        try Data(contentsOf: URL(filePath: folder + "/checkpoint" + file))
          == Data(contentsOf: URL(filePath: folder + "/again" + file)))
    }
  }

  @Test func matricesStayPackedOnDisk() async throws {
    let trainer = try await trained(.loqt)
    try withTemporaryFolder { folder in
      try Checkpoint(trainer).write(to: folder + "/checkpoint")
      let file = try SafetensorsFile(path: folder + "/checkpoint/model.safetensors")
      let memory = trainer.liveMemory
      #expect(
        file.entries.reduce(0) { $0 + $1.byteRange.count }
          == memory.weights + memory.projections + memory.adapters)
      #expect(
        file.entry(named: "model.layers.0.self_attn.q_proj.weight.codes")?.byteRange.count
          == 24 * 24 / 2)
    }
  }

  @Test func anUnfinishedRunIsSavedToo() async throws {
    // Before the first merge the matrices are still dense.
    let trainer = try Trainer(tinyConfiguration(.loqt), corpus: byteCorpus())
    _ = trainer.finish(isInterrupted: true)
    let windows = EvaluationWindows.all(
      of: trainer.corpus.validation, sequence: 16, batchSize: 4)
    try withTemporaryFolder { folder in
      try Checkpoint(trainer).write(to: folder + "/checkpoint")
      let read = try Checkpoint(path: folder + "/checkpoint")
      #expect(
        abs(read.model.meanLoss(over: windows) - trainer.model.meanLoss(over: windows)) < 1e-6)
      #expect(read.record?.validationLoss.isNaN == true)
    }
  }

  @Test func aFullDiskAtAnyWriteLeavesTheOldCheckpoint() async throws {
    let old = try await trained(.loqt, steps: 6)
    let new = try await trained(.loqt, steps: 7)
    try withTemporaryFolder { folder in
      let path = folder + "/checkpoint"
      try Checkpoint(old).write(to: path)
      let before = try contents(of: path)
      try Checkpoint(new).write(to: folder + "/other")
      let after = try contents(of: folder + "/other")
      var failures = 0
      while true {
        let failing = FileOperations.failing(at: failures)
        do {
          try FileOperations.$current.withValue(failing) { try Checkpoint(new).write(to: path) }
          break
        } catch let error as TensorFileError {
          #expect(error.code == .noSpace && error.file.hasPrefix(path))
          // The last flush comes after the new folder has its name.
          let isInPlace = error.remedy?.contains("in place") == true
          #expect(try contents(of: path) == (isInPlace ? after : before))
          let names = try FileManager.default.contentsOfDirectory(atPath: folder)
          // Until a new folder is certain to survive a power cut, the old one stays under another name.
          #expect(isInPlace || !names.contains { $0.hasSuffix("partial") })
        }
        failures += 1
      }
      // At least three files, each written and flushed.
      #expect(failures >= 6)
      #expect(try Checkpoint(path: path).record?.steps.count == 7)
    }
  }

  @Test func damagedFoldersAreRefused() async throws {
    let trainer = try await trained(.loqt)
    try withTemporaryFolder { folder in
      let path = folder + "/checkpoint"
      try Checkpoint(trainer).write(to: path)
      let configuration = try String(contentsOfFile: path + "/config.json", encoding: .utf8)
      for (good, bad) in [
        ("\"rank\": 8", "\"rank\": 9"), ("\"rank\": 8", "\"rank\": 0"),
        ("\"hidden_size\": 24", "\"hidden_size\": 26"),
        ("\"hidden_size\": 24", "\"hidden_size\": 2000000000"),
        ("\"vocab_size\": 256", "\"vocab_size\": 2000000000"),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 1"),
        ("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 2000000000"),
        ("\"max_position_embeddings\": 32", "\"max_position_embeddings\": 2000000000"),
        ("nf4-64-double", "nf4-63-double"), ("\"nf4-64", "\"nf5-64"),
        ("\"scale\": 0.5", "\"scale\": -1"),
        ("model.layers.1.mlp.down_proj", "model.layers.1.mlp.other"),
      ] {
        #expect(configuration.contains(good))
        try Data(configuration.replacingOccurrences(of: good, with: bad).utf8)
          .write(to: URL(filePath: path + "/config.json"))
        #expect(throws: (any Error).self, "\(bad)") { try Checkpoint(path: path) }
      }
      try Data(configuration.utf8).write(to: URL(filePath: path + "/config.json"))
      _ = try Checkpoint(path: path)
      try Data("{}".utf8).write(to: URL(filePath: path + "/training.json"))
      #expect(throws: TensorFileError.self) { try Checkpoint(path: path) }
      try FileManager.default.removeItem(atPath: path + "/model.safetensors")
      #expect(throws: TensorFileError.self) { try Checkpoint(path: path) }
    }
  }

  private func contents(of folder: String) throws -> [String: Data] {
    var files: [String: Data] = [:]
    for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
      files[name] = try Data(contentsOf: URL(filePath: folder + "/" + name))
    }
    return files
  }
}

extension FileOperations {
  /// The system's operations, with a full disk at one call.
  fileprivate static func failing(at number: Int) -> FileOperations {
    let counter = FaultCounter(failing: number)
    var operations = FileOperations.system
    operations.create = { (path, mode) throws(SystemError) in
      try counter.count("open")
      return try system.create(path, mode)
    }
    operations.write = { (descriptor, bytes) throws(SystemError) in
      try counter.count("write")
      return try system.write(descriptor, bytes)
    }
    operations.synchronize = { (descriptor) throws(SystemError) in
      try counter.count("fsync")
      try system.synchronize(descriptor)
    }
    operations.makeFolder = { (path) throws(SystemError) in
      try counter.count("mkdir")
      try system.makeFolder(path)
    }
    return operations
  }
}

private final class FaultCounter: Sendable {
  private let left: Mutex<Int>

  init(failing number: Int) { left = Mutex(number) }

  func count(_ call: String) throws(SystemError) {
    let isDue = left.withLock { left in
      left -= 1
      return left == -1
    }
    if isDue { throw SystemError(call, SystemError.noSpace) }
  }
}
