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
  /// The loop, and where the files go.
  private let run: TrainingRun

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
    return try RunSettings(checkpoint: RunFolder.checkpoint(ofRun: folder)).labelled != nil
  }

  /// Trains, shows what happens, and writes the results.
  func run() async throws {
    let start = ContinuousClock().now
    if arguments.configuration.printConfiguration { return try run.printConfiguration() }
    try run.checkArguments(needsText: false)
    guard arguments.data.text.isEmpty, arguments.data.data.isEmpty else {
      throw InputError("--classify learns labels, --text and --data learn texts. Give one of them.")
    }
    try setThreads(run.control.threads)
    Interruption.install()
    try await run.train(ClassifierKind()) { try makeTrainer(start) }
  }

  private func makeTrainer(_ start: ContinuousClock.Instant) throws -> ClassifierTrainer {
    if let folder = arguments.resume {
      return try resumedTrainer(RunFolder.checkpoint(ofRun: folder), start)
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
    configuration = try run.fitted(configuration)
    try run.check(configuration)
    return Trainer(
      configuration, task: try Classification(configuration, data: data, source: source),
      start: start)
  }

  private func resumedTrainer(_ folder: String, _ start: ContinuousClock.Instant) throws
    -> ClassifierTrainer
  {
    let (settings, notices) = try run.resumedSettings(folder)
    guard var files = settings.labelled else {
      throw InputError("\(folder) is a run that learns no labels. Leave --classify out.")
    }
    if let classify = labels.classify { files.file = classify }
    if let validation = arguments.data.validation { files.validation = validation }
    let source = try ModelSource(path: folder)
    let data = try files.data(
      tokenizer: source.tokenizer, length: settings.sequence, model: source.configuration)
    run.console.print("Going on after step \(settings.step) of \(folder)")
    let trainer = try Trainer(resuming: folder, settings, data: data, start: start)
    for notice in notices { trainer.note(notice) }
    return trainer
  }
}

/// A classifier, which learns labels of texts.
struct ClassifierKind: TrainedKind {
  func header(of trainer: ClassifierTrainer) -> String {
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
      training  \(counted(configuration.steps, "step")) of \(counted(configuration.batchSize, "text")) of at most \
      \(counted(configuration.sequence, "token")), learning rate \(configuration.learningRate)
      \(processorLine)
      """
  }

  var isTextLoss: Bool { false }

  func text(of evaluation: RunRecord.Evaluation) -> String {
    "loss \(PlainText.decimals(evaluation.loss, 4))"
  }

  func details(of trainer: ClassifierTrainer) -> String {
    trainer.task.scores?.measures.first.map { ", \($0.name) \(PlainText.decimals($0.value, 4))" }
      ?? ""
  }

  func results(of record: RunRecord) -> String {
    "\n\(counted(record.steps.count, "step")) in \(PlainText.duration(record.wallSeconds))\n\n"
      + (record.classification?.table ?? "") + "\n"
  }

  func save(
    _ trainer: ClassifierTrainer, to path: String, isResumable: Bool,
    keepingOldAt keptPath: String?
  ) throws {
    var checkpoint = ClassifierCheckpoint(trainer)
    if !isResumable { checkpoint.leaveOutRun() }
    try checkpoint.write(to: path, keepingOldAt: keptPath)
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
