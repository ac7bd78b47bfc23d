import Formatting
import Foundation
import LanguageModels
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
      // A resumed run continues in its own folder.
      ?? arguments.resume.map {
        URL(filePath: Self.checkpoint(ofRun: $0)).deletingLastPathComponent().path
      }
      ?? Self.unused(
        "runs/\(arguments.runArguments.method.name)-\(arguments.runArguments.modelName)"
          + "-seed\(arguments.seed)")
  }

  var checkpointPath: String { output + "/checkpoint" }
  var bestPath: String { output + "/best" }
  /// The command that goes on with the run.
  var resumption: String {
    "loqt \(isFineTuning ? "finetune" : "pretrain") --resume \(checkpointPath)"
  }
  var reportPath: String { output + "/report.html" }

  /// Trains a language model, shows progress, and writes the results.
  func run() async throws {
    let start = ContinuousClock().now
    try checkArguments()
    try await train(LanguageModelKind()) { try makeTrainer(start) }
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
    if arguments.fit != nil { configuration = try fitted(configuration.sized(for: corpus)) }
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
    console.print("Going on after step \(settings.step) of \(folder)")
    return try Trainer(resuming: folder, corpus: corpus, start: start)
  }

  /// The fastest memory settings that fit into --fit, which are said; those at hand without it.
  func fitted(_ configuration: TrainingConfiguration) throws -> TrainingConfiguration {
    guard let limit = arguments.fit else { return configuration }
    let fitted = try configuration.fitted(to: limit.bytes)
    console.print(
      fitted.arguments.isEmpty
        ? "The run needs \(PlainText.gibibytes(fitted.bytes)) as it is, which fits."
        : "Fitted by \(fitted.arguments.joined(separator: " ")): \(PlainText.gibibytes(fitted.bytes))"
    )
    return fitted.configuration
  }

  /// Throws an `InputError` if memory or disk have no room for the run.
  func check(_ configuration: TrainingConfiguration, isResumed: Bool = false) throws {
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
  func prepareFolders() throws {
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
}
