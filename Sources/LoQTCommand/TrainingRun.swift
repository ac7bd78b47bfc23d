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
  let arguments: TrainingArguments
  /// Whether a trained model is made to do something.
  let isFineTuning: Bool
  let output: String
  let console = Console()

  init(_ arguments: TrainingArguments, isFineTuning: Bool) {
    self.arguments = arguments
    self.isFineTuning = isFineTuning
    output =
      arguments.output
      // A resumed run goes on in its own folder.
      ?? arguments.resume.map {
        URL(filePath: Self.checkpoint(ofRun: $0)).deletingLastPathComponent().path
      }
      ?? Self.unused(
        "runs/\(arguments.runArguments.method.name)-\(arguments.runArguments.modelName)"
          + "-seed\(arguments.seed)")
  }

  private var checkpointPath: String { output + "/checkpoint" }
  var bestPath: String { output + "/best" }
  /// The command that goes on with the run.
  private var resumption: String {
    "loqt \(isFineTuning ? "finetune" : "pretrain") --resume \(checkpointPath)"
  }
  private var reportPath: String { output + "/report.html" }

  /// Trains, shows progress, and writes the results.
  func run() async throws {
    let start = ContinuousClock().now
    let path = checkpointPath
    try checkArguments()
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
    var best = BestEvaluation()
    for evaluation in trainer.record.evaluations { _ = best.take(evaluation) }
    var stopsEarly = false

    for try await event in trainer {
      show(event)
      if case .step(let progress) = event, let interval = arguments.saveEvery,
        progress.step % interval == 0, progress.step < progress.steps
      {
        try Checkpoint(trainer).write(to: checkpointPath)
      }
      if case .evaluation(let evaluation) = event {
        if best.take(evaluation), keepsBest { try writeBest(trainer) }
        if let patience = arguments.earlyStopping, best.countSince >= patience {
          stopsEarly = true
          break
        }
      }
      if Interruption.signal != nil { break }
      if case .step(let progress) = event, progress.step < progress.steps {
        try stopAtShortage(trainer)
      }
    }
    console.endProgress()
    if trainer.step < configuration.steps, !stopsEarly {
      try stop(trainer)
    }
    if keepsBest { try completeBest(&best, trainer, stopsEarly: stopsEarly) }
    let record = trainer.finish()
    console.print(results(of: record))
    try writeFiles(trainer, record)
    if arguments.checkpoint { console.print("checkpoint  \(checkpointPath)") }
    if keepsBest, best.best != nil { console.print("best        \(bestPath)") }
    console.print("report      \(reportPath)")
    if let summary = arguments.summary { console.print("summary     \(summary)") }
  }

  private func makeTrainer(_ start: ContinuousClock.Instant) throws -> LanguageModelTrainer {
    if let folder = arguments.resume {
      return try resumedTrainer(Self.checkpoint(ofRun: folder), start)
    }
    var configuration = try arguments.trainingConfiguration(isFineTuning: isFineTuning)
    try setThreads(arguments.threads)
    Interruption.install()
    let corpus = try corpus()
    let usualEpochs: Double? =
      isFineTuning && !arguments.data.data.isEmpty && arguments.runArguments.steps == nil ? 3 : nil
    if let epochs = arguments.epochs ?? usualEpochs {
      configuration = try arguments.trainingConfiguration(
        isFineTuning: isFineTuning,
        steps: corpus.steps(
          epochs: epochs, batchSize: configuration.batchSize, sequence: configuration.sequence))
    }
    if let limit = arguments.fit {
      let sized = try configuration.sized(for: corpus)
      let fitted = try sized.fitted(to: limit.bytes)
      console.print(
        fitted.arguments.isEmpty
          ? "The run needs \(PlainText.gibibytes(fitted.bytes)) as it is, which fits."
          : "Fitted by \(fitted.arguments.joined(separator: " ")): \(PlainText.gibibytes(fitted.bytes))"
      )
      configuration = fitted.configuration
    }
    try check(configuration.sized(for: corpus))
    return try Trainer(
      configuration, corpus: corpus, source: arguments.runArguments.source, start: start)
  }

  private func resumedTrainer(_ folder: String, _ start: ContinuousClock.Instant) throws
    -> LanguageModelTrainer
  {
    let settings = try RunSettings(checkpoint: folder)
    try checkResumed()
    try setThreads(arguments.threads)
    Interruption.install()
    let source = try ModelSource(path: folder)
    try check(settings.configuration(model: source.configuration), isResumed: true)
    let corpus = try arguments.data.trainingData(of: settings).corpus(tokenizer: source.tokenizer)
    console.print("Continuing after step \(settings.step) of \(folder)")
    return try Trainer(resuming: folder, corpus: corpus, start: start)
  }

  /// Throws an `InputError` if memory or disk have no room for the run.
  private func check(_ configuration: TrainingConfiguration, isResumed: Bool = false) throws {
    guard !arguments.force else { return }
    try configuration.checkMemory(isResumed: isResumed)
    if arguments.checkpoint { try configuration.checkDisk(at: output) }
  }

  /// The data in tokens: those of a trained model's own tokenizer, unless a vocabulary was asked for.
  private func corpus() throws -> Corpus {
    let data = arguments.data.trainingData
    if arguments.vocabulary == nil, let source = try arguments.runArguments.source {
      return try data.corpus(tokenizer: source.tokenizer)
    }
    let vocabulary = arguments.vocabulary ?? 4_096
    guard (256...1_000_000).contains(vocabulary) else {
      throw InputError(
        "--vocabulary \(vocabulary) is not a count from 256 (bytes) to 1000000. The usual one is 4096."
      )
    }
    if data.examples.isEmpty {
      console.print("Learning \(vocabulary) tokens from \(data.texts.joined(separator: ", ")) ...")
    }
    return try data.corpus(vocabulary: vocabulary)
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
        + "raise the limit and continue with \(resumption)")
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
        + "the report is \(reportPath). Continue with: \(resumption)")
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
