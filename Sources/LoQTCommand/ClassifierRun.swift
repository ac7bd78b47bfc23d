import ArgumentParser
import Formatting
import Foundation
import LanguageModels
import Reports
import Stepping
import TensorFiles
import Terminal
import Training

/// One training of a classifier by `loqt finetune --classify`, from the texts to the files it leaves.
struct ClassifierRun {
  private let arguments: TrainingArguments
  private let labels: ClassifierArguments
  /// Where the files go, and how things are told.
  private let run: TrainingRun
  private let console = Console()

  init(_ arguments: TrainingArguments, _ labels: ClassifierArguments) {
    self.arguments = arguments
    self.labels = labels
    run = TrainingRun(arguments, isFineTuning: true)
  }

  /// Whether a classifier is to be trained: labelled texts are given, or the saved run learns some.
  static func isWanted(_ arguments: TrainingArguments, _ labels: ClassifierArguments) throws -> Bool
  {
    if try labels.files(validation: nil) != nil { return true }
    guard let folder = arguments.resume else { return false }
    return try RunSettings(checkpoint: TrainingRun.checkpoint(ofRun: folder)).labelled != nil
  }

  /// Trains, shows what happens, and writes the results.
  func run() async throws {
    let start = ContinuousClock().now
    try run.checkArguments(needsText: false)
    guard arguments.data.text.isEmpty, arguments.data.data.isEmpty else {
      throw InputError("--classify learns labels, --text and --data learn texts. Give one of them.")
    }
    try setThreads(arguments.threads)
    Interruption.install()
    let trainer = try makeTrainer(start)
    try run.prepareFolders()
    console.print(header(of: trainer))
    var best = BestEvaluation()
    for evaluation in trainer.record.evaluations { _ = best.take(evaluation) }
    var stopsEarly = false
    for try await event in trainer {
      show(event, trainer)
      if case .step(let progress) = event, let interval = arguments.saveEvery,
        progress.step % interval == 0, progress.step < progress.steps
      {
        try ClassifierCheckpoint(trainer).write(to: run.checkpointPath)
      }
      if case .evaluation(let evaluation) = event {
        if best.take(evaluation), run.keepsBest { try writeBest(trainer) }
        if let patience = arguments.earlyStopping, best.countSince >= patience {
          stopsEarly = true
          break
        }
      }
      if Interruption.signal != nil { break }
    }
    console.endProgress()
    if trainer.step < trainer.configuration.steps, !stopsEarly { try stop(trainer) }
    if run.keepsBest { try completeBest(&best, trainer, stopsEarly: stopsEarly) }
    let record = trainer.finish()
    console.print(results(of: record))
    try writeFiles(trainer, record)
    if arguments.checkpoint { console.print("checkpoint  \(run.checkpointPath)") }
    if run.keepsBest, best.best != nil { console.print("best        \(run.bestPath)") }
    console.print("report      \(run.reportPath)")
    if let summary = arguments.summary { console.print("summary     \(summary)") }
  }

  // MARK: Beginning

  private func makeTrainer(_ start: ContinuousClock.Instant) throws -> ClassifierTrainer {
    if let folder = arguments.resume {
      return try resumedTrainer(TrainingRun.checkpoint(ofRun: folder), start)
    }
    guard let files = try labels.files(validation: arguments.data.validation),
      let source = try arguments.runArguments.source
    else { throw InputError("There is no model to train. Give its folder with --weights.") }
    var configuration = try arguments.trainingConfiguration(isFineTuning: true)
    let data = try files.data(
      tokenizer: source.tokenizer, length: configuration.sequence, model: source.configuration)
    if arguments.runArguments.steps == nil {
      let epochs = arguments.epochs ?? 3
      configuration = try arguments.trainingConfiguration(
        isFineTuning: true,
        steps: max(
          1,
          Int((epochs * Double(data.training.count) / Double(configuration.batchSize)).rounded(.up))
        ))
    }
    configuration.model = try ClassifierConfiguration(source.configuration, of: data)
    if !arguments.force {
      try configuration.checkMemory()
      if arguments.checkpoint { try configuration.checkDisk(at: run.output) }
    }
    return Trainer(
      configuration, task: try Classification(configuration, data: data, source: source),
      start: start)
  }

  private func resumedTrainer(_ folder: String, _ start: ContinuousClock.Instant) throws
    -> ClassifierTrainer
  {
    let settings = try RunSettings(checkpoint: folder)
    try run.checkResumed()
    guard var files = settings.labelled else {
      throw InputError("\(folder) is a run that learns no labels. Leave --classify out.")
    }
    if let classify = labels.classify { files.file = classify }
    if let validation = arguments.data.validation { files.validation = validation }
    let source = try ModelSource(path: folder)
    let data = try files.data(
      tokenizer: source.tokenizer, length: settings.sequence, model: source.configuration)
    console.print("Going on after step \(settings.step) of \(folder)")
    return try Trainer(resuming: folder, data: data, start: start)
  }

  // MARK: Showing

  private func header(of trainer: ClassifierTrainer) -> String {
    let (configuration, data) = (trainer.configuration, trainer.task.data)
    let model = configuration.model
    let what =
      data.isRegression
      ? "numbers"
      : "\(data.labels.count) labels (\(data.labels.prefix(6).joined(separator: ", "))"
        + (data.labels.count > 6 ? ", ...)" : ")")
    return """
      texts     \(data.name): \(grouped(data.training.count)) to train on, \
      \(grouped(data.validation.count)) to validate, \(what)
      model     \(configuration.modelName), a \(model.modelType): \(grouped(model.parameterCount)) \
      parameters, \(grouped(model.linearParameterCount)) of them in linear layers
      method    \(configuration.method.name)\(configuration.planText)
      training  \(grouped(configuration.steps)) steps of \(configuration.batchSize) texts of at most \
      \(configuration.sequence) tokens, learning rate \(configuration.learningRate)
      \(processorLine)
      """
  }

  private func show(_ event: TrainingEvent, _ trainer: ClassifierTrainer) {
    switch event {
    case .step(let progress):
      console.show(
        "step \(progress.step)/\(progress.steps)  loss \(PlainText.decimals(progress.loss, 3))  "
          + "\(grouped(Int(progress.tokensPerSecond))) tokens/s  "
          + "ETA \(PlainText.duration(progress.remainingSeconds))  "
          + PlainText.megabytes(progress.residentBytes),
        isLast: progress.step == progress.steps)
    case .merge(let merge): console.print(merge.line)
    case .evaluation(let evaluation):
      let measure = trainer.task.scores?.measures.first
      console.print(
        "step \(evaluation.step): validation loss \(PlainText.decimals(evaluation.loss, 4))"
          + (measure.map { ", \($0.name) \(PlainText.decimals($0.value, 4))" } ?? ""))
    case .notice(let notice): console.print("note: \(notice)")
    }
  }

  private func results(of record: RunRecord) -> String {
    "\n\(grouped(record.steps.count)) steps in \(PlainText.duration(record.wallSeconds))\n\n"
      + (record.classification?.table ?? "") + "\n" + run.memoryTable(record)
  }

  // MARK: Ending

  private func writeBest(_ trainer: ClassifierTrainer) throws {
    var checkpoint = ClassifierCheckpoint(trainer)
    checkpoint.leaveOutRun()
    try checkpoint.write(to: run.bestPath)
  }

  /// Measures the end of the run as the evaluations before, and says which was the best.
  private func completeBest(
    _ best: inout BestEvaluation, _ trainer: ClassifierTrainer, stopsEarly: Bool
  ) throws {
    if !stopsEarly, trainer.task.size(of: .interim) > 0 {
      let last = RunRecord.Evaluation(step: trainer.step, loss: trainer.measure(.interim))
      if best.take(last) { try writeBest(trainer) }
    }
    guard let evaluation = best.best else { return }
    let notice =
      (stopsEarly
        ? "Stopped after step \(trainer.step): the last \(best.countSince) evaluations were no better than "
          + "the best before them. " : "")
      + "The best evaluation was that after step \(evaluation.step), loss "
      + "\(PlainText.decimals(evaluation.loss, 4)); its model is in \(run.bestPath)."
    trainer.note(notice)
    console.print("note: \(notice)")
  }

  /// Saves after Ctrl-C and ends the program.
  private func stop(_ trainer: ClassifierTrainer) throws {
    let code = ExitCode(128 + (Interruption.signal ?? 2))
    guard trainer.step > 0 else {
      console.warn("Stopped before the first step; nothing was saved.")
      throw code
    }
    try writeFiles(trainer, trainer.finish(isInterrupted: true))
    console.warn(
      "Stopped after step \(trainer.step) of \(trainer.configuration.steps); the run is saved in "
        + "\(run.checkpointPath). Go on with: loqt finetune --resume \(run.checkpointPath)")
    throw code
  }

  private func writeFiles(_ trainer: ClassifierTrainer, _ record: RunRecord) throws {
    if arguments.checkpoint || trainer.step < trainer.configuration.steps {
      try ClassifierCheckpoint(trainer).write(to: run.checkpointPath)
    }
    try HTMLReport(record).write(to: run.reportPath)
    if let summary = arguments.summary { try record.writeSummary(to: summary) }
  }
}

extension ClassificationScores {
  /// The measures, and how often texts of each class were put into each.
  var table: String {
    var text = measures.map { $0.name.padded(to: 24) + PlainText.decimals($0.value, 4) + "\n" }
      .joined()
    text += "texts".padded(to: 24) + grouped(count) + "\n"
    guard let confusion, confusion.labels.count <= 12 else { return text }
    let width = max(8, confusion.labels.map(\.count).max().map { min($0, 16) + 2 } ?? 8)
    func cell(_ value: String) -> String { String(value.prefix(16)).padded(to: -width) }
    text +=
      "\nlabel, and what was answered\n" + "".padded(to: width)
      + confusion.labels.map(cell).joined() + cell("recall") + "\n"
    for (index, label) in confusion.labels.enumerated() {
      text +=
        String(label.prefix(16)).padded(to: width)
        + confusion.counts[index].map { cell(grouped($0)) }.joined()
        + cell(confusion.recall(of: index).map { PlainText.decimals($0, 3) } ?? "-") + "\n"
    }
    return text
  }
}
