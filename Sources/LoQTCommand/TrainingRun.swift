import ArgumentParser
import Formatting
import Foundation
import LanguageModels
import LoQT
import Reports
import Stepping
import Tensors
import TensorFiles
import Tensors
import Terminal
import Tokenization
import Training

/// A training run of `loqt pretrain` or `loqt finetune`, from reading the text to writing the files.
struct TrainingRun {
  private let arguments: TrainingArguments
  private let output: String
  private let console = Console()

  init(_ arguments: TrainingArguments) {
    self.arguments = arguments
    output =
      arguments.output
      // A resumed run continues in its own folder.
      ?? arguments.resume.map { URL(filePath: $0).deletingLastPathComponent().path }
      ?? "runs/\(arguments.runArguments.method.name)-\(arguments.runArguments.modelName)"
      + "-seed\(arguments.seed)"
  }

  private var checkpointPath: String { output + "/checkpoint" }
  private var reportPath: String { output + "/report.html" }

  /// Trains, shows progress, and writes the results.
  func run() async throws {
    let start = ContinuousClock().now
    let path = checkpointPath
    if let interval = arguments.saveEvery, interval < 1 {
      throw InputError("--save-every \(interval) is not a number of steps. Give 1 or more.")
    }
    TensorMemory.onExhaustion { bytes in
      let remedy = "Choose a cheaper setting; `loqt estimate` shows what each needs."
      let saved =
        FileManager.default.fileExists(atPath: path) ? " The last save is in \(path)." : ""
      let text =
        "Memory ran out: \(PlainText.megabytes(bytes)) more could not be allocated. \(remedy)\(saved)\n"
      try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
      exit(1)
    }
    let trainer = try makeTrainer(start)
    try prepareFolders()
    console.print(header(of: trainer))
    let configuration = trainer.configuration

    for try await event in trainer {
      show(event)
      if case .step(let progress) = event, let interval = arguments.saveEvery,
        progress.step % interval == 0, progress.step < progress.steps
      {
        try Checkpoint(trainer).write(to: checkpointPath)
      }
      if Interruption.signal != nil { break }
      if case .step(let progress) = event, progress.step < progress.steps {
        try stopAtShortage(trainer)
      }
    }
    console.endProgress()
    if trainer.step < configuration.steps {
      try stop(trainer)
    }
    let record = trainer.finish()
    console.print(results(of: record))
    try writeFiles(trainer, record)
    if arguments.checkpoint { console.print("checkpoint  \(checkpointPath)") }
    console.print("report      \(reportPath)")
    if let summary = arguments.summary { console.print("summary     \(summary)") }
  }

  private func makeTrainer(_ start: ContinuousClock.Instant) throws -> LanguageModelTrainer {
    if let folder = arguments.resume { return try resumedTrainer(folder, start) }
    let configuration = try arguments.trainingConfiguration
    guard let file = arguments.text else {
      throw InputError("There is no text to learn. Give one with --text, or a run with --resume.")
    }
    try setThreads(arguments.threads)
    let text = try SourceText(file: file)
    Interruption.install()
    let corpus = try corpus(of: text)
    let sized = try configuration.sized(for: corpus)
    try check(sized)
    return try Trainer(configuration, corpus: corpus, start: start)
  }

  private func resumedTrainer(_ folder: String, _ start: ContinuousClock.Instant) throws
    -> LanguageModelTrainer
  {
    let settings = try RunSettings(checkpoint: folder)
    try setThreads(arguments.threads)
    let text = try SourceText(file: arguments.text ?? settings.text)
    Interruption.install()
    try check(
      settings.configuration(model: ModelFamily.configuration(path: folder + "/config.json")),
      isResumed: true)
    let corpus = Corpus(
      text, tokenizer: try BytePairTokenizer(contentsOf: URL(filePath: folder)))
    console.print("Continuing after step \(settings.step) of \(folder)")
    return try Trainer(resuming: folder, corpus: corpus, start: start)
  }

  /// Throws an `InputError` if memory or disk have no room for the run.
  private func check(_ configuration: TrainingConfiguration, isResumed: Bool = false) throws {
    guard !arguments.force else { return }
    try configuration.checkMemory(isResumed: isResumed)
    if arguments.checkpoint { try configuration.checkDisk(at: output) }
  }

  /// The text in tokens of a trained model's own tokenizer, unless a vocabulary was asked for.
  private func corpus(of text: SourceText) throws -> Corpus {
    if arguments.vocabulary == nil, let folder = arguments.runArguments.weights {
      guard FileManager.default.fileExists(atPath: folder + "/tokenizer.json") else {
        throw InputError(
          "\(folder) has no tokenizer.json, without which the tokens of its model have no meaning. "
            + "Fetch it, or give --vocabulary to learn tokens from the text.")
      }
      return Corpus(text, tokenizer: try BytePairTokenizer(contentsOf: URL(filePath: folder)))
    }
    let vocabulary = arguments.vocabulary ?? 4_096
    guard (256...1_000_000).contains(vocabulary) else {
      throw InputError(
        "--vocabulary \(vocabulary) is not a count from 256 (bytes) to 1000000. The usual one is 4096."
      )
    }
    console.print("Learning \(vocabulary) tokens from \(text.name) ...")
    return try Corpus(text, vocabulary: vocabulary)
  }

  /// Creates the output folder and checks that results can be written, before hours of training.
  private func prepareFolders() throws {
    do {
      try FileManager.default.createDirectory(
        atPath: output, withIntermediateDirectories: true)
    } catch {
      throw InputError(
        "The folder \(output) cannot be created. Name another with --output, or check permissions.")
    }
    guard FileManager.default.isWritableFile(atPath: output) else {
      throw InputError(
        "The folder \(output) cannot be written to. Name another with --output.")
    }
    guard let summary = arguments.summary else { return }
    let folder = URL(filePath: summary).deletingLastPathComponent().path
    guard FileManager.default.isWritableFile(atPath: folder) else {
      throw InputError(
        "The folder of --summary \(summary) does not exist or cannot be written to. Create it first."
      )
    }
  }

  private func show(_ event: TrainingEvent) {
    switch event {
    case .step(let progress):
      console.show(progress.line, isLast: progress.step == progress.steps)
      if progress.step <= 2 || progress.step == progress.steps {
        console.print(progress.memoryLine)
      }
    case .merge(let merge): console.print(merge.line)
    case .evaluation(let evaluation):
      console.print(
        "step \(evaluation.step): validation perplexity "
          + PlainText.decimals(evaluation.perplexity, 2))
    case .notice(let notice): console.print("note: \(notice)")
    }
  }

  /// Saves and ends the run if its memory limit has been lowered below what a step needs.
  private func stopAtShortage(_ trainer: LanguageModelTrainer) throws {
    guard let limit = ProcessMemory.shortage, !arguments.force else { return }
    console.endProgress()
    try writeFiles(trainer, trainer.finish(isInterrupted: true))
    throw InputError(
      "The \(limit.source) leaves \(PlainText.megabytes(limit.bytes)) now, and the run has needed "
        + "\(PlainText.megabytes(ProcessMemory.peakResidentBytes)). It is saved after step \(trainer.step): "
        + "raise the limit and continue with loqt pretrain --resume \(checkpointPath)")
  }

  /// Saves after Ctrl-C and ends the program.
  private func stop(_ trainer: LanguageModelTrainer) throws {
    let steps = trainer.configuration.steps
    let code = ExitCode(128 + (Interruption.signal ?? 2))
    guard trainer.step > 0 else {
      console.warn("Stopped before the first step; nothing was saved.")
      throw code
    }
    let record = trainer.finish(isInterrupted: true)
    try writeFiles(trainer, record)
    console.warn(
      "Stopped after step \(trainer.step) of \(steps); the run is saved in \(checkpointPath), "
        + "the report is \(reportPath). Continue with: loqt pretrain --resume \(checkpointPath)")
    throw code
  }

  private func writeFiles(_ trainer: LanguageModelTrainer, _ record: RunRecord) throws {
    if arguments.checkpoint || trainer.step < trainer.configuration.steps {
      try Checkpoint(trainer).write(to: checkpointPath)
    }
    try HTMLReport(record).write(to: reportPath)
    if let summary = arguments.summary { try record.writeSummary(to: summary) }
  }
}
