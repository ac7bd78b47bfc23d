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
  /// Where the results go.
  let folder: RunFolder
  let console = Console()

  init(_ arguments: TrainingArguments, isFineTuning: Bool) {
    self.arguments = arguments
    self.isFineTuning = isFineTuning
    folder = RunFolder(
      arguments.control.output
        // A resumed run continues in its own folder.
        ?? arguments.resume.map { RunFolder.run(ofCheckpoint: RunFolder.checkpoint(ofRun: $0)) }
        ?? RunFolder.unused(
          "runs/\(arguments.runArguments.method.name)-\(arguments.runArguments.modelName)"
            + "-seed\(arguments.seed)"))
  }

  var control: RunControlArguments { arguments.control }
  /// The command that goes on with the run.
  var resumption: String { "loqt resume \(folder.path)" }

  /// Trains a language model, shows progress, and writes the results.
  func run() async throws {
    let start = ContinuousClock().now
    if arguments.configuration.printConfiguration { return try printConfiguration() }
    try checkArguments()
    try await train(LanguageModelKind()) { try makeTrainer(start) }
  }

  private func makeTrainer(_ start: ContinuousClock.Instant) throws -> LanguageModelTrainer {
    if let folder = arguments.resume {
      return try resumedTrainer(RunFolder.checkpoint(ofRun: folder), start)
    }
    var configuration = try arguments.trainingConfiguration(isFineTuning: isFineTuning)
    try setThreads(control.threads)
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
    let (settings, notices) = try resumedSettings(folder)
    try setThreads(control.threads)
    Interruption.install()
    let source = try ModelSource(path: folder)
    try check(settings.configuration(model: source.configuration), isResumed: true)
    let corpus = try arguments.data.trainingData(of: settings).corpus(tokenizer: source.tokenizer)
    console.print("Going on after step \(settings.step) of \(folder)")
    let trainer = try Trainer(resuming: folder, settings, corpus: corpus, start: start)
    for notice in notices { trainer.note(notice) }
    return trainer
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
    guard !control.force else { return }
    try configuration.checkMemory(isResumed: isResumed)
    // A new one is complete before an old one goes.
    let kept = isResumed ? 0 : control.keep ?? 1
    if control.checkpoint { try configuration.checkDisk(at: folder.path, copies: 1 + kept) }
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

  /// Checks that the numbers can be written where they are wanted, before hours of training.
  func checkSummary() throws(InputError) {
    guard let summary = control.summary else { return }
    let parent = URL(filePath: summary).deletingLastPathComponent().path
    guard
      FileManager.default.isWritableFile(
        atPath: FileManager.default.fileExists(atPath: summary) ? summary : parent)
    else {
      throw InputError(
        "The folder of --summary \(summary) does not exist or cannot be written to. Create it first."
      )
    }
    let inputs =
      arguments.data.text + arguments.data.data + [arguments.data.validation].compactMap { $0 }
      + [arguments.runArguments.config].compactMap { $0 }
    func place(_ path: String) -> String { URL(filePath: path).resolvingSymlinksInPath().path }
    if let input = inputs.first(where: { place($0) == place(summary) }) {
      throw InputError(
        "--summary \(summary) would replace \(input), which is read. Name another file.")
    }
  }
}
