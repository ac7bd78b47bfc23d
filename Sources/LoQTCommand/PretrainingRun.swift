import ArgumentParser
import Foundation
import LoQT
import Tensors
import TensorFiles
import Training

/// One call of `loqt pretrain`, from the text to the files it leaves.
struct PretrainingRun {
  private let command: Pretrain
  private let output: String
  private let console = Console()

  init(_ command: Pretrain) {
    self.command = command
    output =
      command.output
      ?? "runs/\(command.method.name)-\(command.preset)-seed\(command.seed)"
  }

  private var checkpointPath: String { output + "/checkpoint" }
  private var reportPath: String { output + "/report.html" }

  /// Trains, shows what happens, and writes the results.
  func run() async throws {
    let start = ContinuousClock().now
    let configuration = try command.trainingConfiguration
    try setThreads()
    let text = try SourceText(file: command.text)
    Interruption.install()
    console.print("Learning \(command.vocabulary) tokens from \(command.text) ...")
    let corpus = try Corpus(text, vocabulary: try vocabularySize)
    let trainer = try Trainer(configuration, corpus: corpus, start: start)
    try prepareFolders()
    console.print(header(of: trainer))

    for try await event in trainer {
      show(event)
      if Interruption.signal != nil { break }
    }
    console.endProgress()
    if trainer.step < configuration.steps {
      try stop(trainer)
    }
    let record = trainer.finish()
    console.print(results(of: record))
    try writeFiles(trainer, record)
    console.print("checkpoint  \(checkpointPath)")
    console.print("report      \(reportPath)")
    if let summary = command.summary { console.print("summary     \(summary)") }
  }

  private var vocabularySize: Int {
    get throws {
      guard (256...1_000_000).contains(command.vocabulary) else {
        throw InputError(
          "--vocabulary \(command.vocabulary) is not a count from 256 (bytes) to 1000000. The usual "
            + "one is 4096.")
      }
      return command.vocabulary
    }
  }

  private func setThreads() throws {
    guard let threads = command.threads else { return }
    guard (1...1_024).contains(threads) else {
      throw InputError("--threads \(threads) is not a count from 1 to 1024. Give one that is.")
    }
    Threads.count = threads
  }

  /// Before the training, so that it is not in vain.
  private func prepareFolders() throws {
    do {
      try FileManager.default.createDirectory(
        atPath: output, withIntermediateDirectories: true)
    } catch {
      throw InputError(
        "The folder \(output) cannot be made. Name another with --output, or check permissions.")
    }
    guard FileManager.default.isWritableFile(atPath: output) else {
      throw InputError(
        "The folder \(output) cannot be written to. Name another with --output.")
    }
    guard let summary = command.summary else { return }
    let folder = URL(filePath: summary).deletingLastPathComponent().path
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw InputError(
        "The folder of --summary \(summary) is not there or cannot be written to. Make it first.")
    }
  }

  private func show(_ event: TrainingEvent) {
    switch event {
    case .step(let progress): console.show(progress.line, isLast: progress.step == progress.steps)
    case .merge(let merge): console.print(merge.line)
    case .evaluation(let evaluation):
      console.print(
        "step \(evaluation.step): validation perplexity "
          + decimals(evaluation.perplexity, 2))
    case .notice(let notice): console.print("note: \(notice)")
    }
  }

  /// Saves after Ctrl-C and ends the program.
  private func stop(_ trainer: Trainer) throws {
    let steps = trainer.configuration.steps
    let code = ExitCode(128 + (Interruption.signal ?? 2))
    guard trainer.step > 0 else {
      console.warn("Stopped before the first step; nothing was saved.")
      throw code
    }
    let record = trainer.finish(isInterrupted: true)
    try writeFiles(trainer, record)
    console.warn(
      "Stopped after step \(trainer.step) of \(steps); the model is saved in \(checkpointPath), "
        + "the report is \(reportPath).")
    throw code
  }

  private func writeFiles(_ trainer: Trainer, _ record: RunRecord) throws {
    try Checkpoint(trainer).write(to: checkpointPath)
    try HTMLReport(record).write(to: reportPath)
    if let summary = command.summary { try record.writeSummary(to: summary) }
  }
}
