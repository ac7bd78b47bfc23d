import ArgumentParser
import Formatting
import Foundation
import Reports
import Tensors
import Terminal
import Training

/// What a run tells and saves of the kind of model that it trains.
protocol TrainedKind {
  /// How the model is trained.
  associatedtype Task: TrainingTask

  /// What the run will do, printed before it starts.
  func header(of trainer: Trainer<Task>) -> String
  /// A step in one line.
  func line(of progress: TrainingProgress) -> String
  /// What an evaluation found, such as "perplexity 12.34".
  func text(of evaluation: RunRecord.Evaluation) -> String
  /// What else is known of the latest evaluation, such as ", accuracy 0.9".
  func details(of trainer: Trainer<Task>) -> String
  /// The numbers of a finished run.
  func results(of record: RunRecord) -> String
  /// Writes the model, and with it what the run goes on by where it `isResumable`.
  func save(_ trainer: Trainer<Task>, to path: String, isResumable: Bool) throws
}

extension TrainedKind {
  func details(of trainer: Trainer<Task>) -> String { "" }
}

extension TrainingRun {
  /// Trains what `makeTrainer` makes, shows progress, and writes the results.
  func train<Kind: TrainedKind>(_ kind: Kind, _ makeTrainer: () throws -> Trainer<Kind.Task>)
    async throws
  {
    if let interval = arguments.saveEvery, interval < 1 {
      throw InputError("--save-every \(interval) is not a number of steps. Give 1 or more.")
    }
    sayWhereMemoryRanOut()
    let trainer = try makeTrainer()
    try prepareFolders()
    console.print(kind.header(of: trainer))
    var best = BestEvaluation()
    for evaluation in trainer.record.evaluations { _ = best.take(evaluation) }
    var stopsEarly = false

    for try await event in trainer {
      show(event, of: trainer, kind)
      if case .step(let progress) = event, let interval = arguments.saveEvery,
        progress.step % interval == 0, progress.step < progress.steps
      {
        try kind.save(trainer, to: checkpointPath, isResumable: true)
      }
      if case .evaluation(let evaluation) = event {
        if best.take(evaluation), keepsBest {
          try kind.save(trainer, to: bestPath, isResumable: false)
        }
        if let patience = arguments.earlyStopping, best.countSince >= patience {
          stopsEarly = true
          break
        }
      }
      if Interruption.signal != nil { break }
      if case .step(let progress) = event, progress.step < progress.steps {
        try stopAtShortage(trainer, kind)
      }
    }
    console.endProgress()
    if trainer.step < trainer.configuration.steps, !stopsEarly { try stop(trainer, kind) }
    if keepsBest { try completeBest(&best, trainer, kind, stopsEarly: stopsEarly) }
    let record = trainer.finish()
    console.print(kind.results(of: record) + record.memoryTable + "\n")
    try writeFiles(trainer, kind, record)
    if arguments.checkpoint { console.print("checkpoint  \(checkpointPath)") }
    if keepsBest, best.best != nil { console.print("best        \(bestPath)") }
    console.print("report      \(reportPath)")
    if let summary = arguments.summary { console.print("summary     \(summary)") }
  }

  private func sayWhereMemoryRanOut() {
    let path = checkpointPath
    TensorMemory.onExhaustion { bytes in
      let remedy = "Choose a cheaper setting; `loqt estimate` shows what each needs."
      let saved =
        FileManager.default.fileExists(atPath: path) ? " The last save is in \(path)." : ""
      let text =
        "Memory ran out: \(PlainText.megabytes(bytes)) more could not be allocated. \(remedy)\(saved)\n"
      try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
      exit(1)
    }
  }

  private func show<Kind: TrainedKind>(
    _ event: TrainingEvent, of trainer: Trainer<Kind.Task>, _ kind: Kind
  ) {
    switch event {
    case .step(let progress):
      console.show(kind.line(of: progress), isLast: progress.step == progress.steps)
      if progress.step <= 2 || progress.step == progress.steps {
        console.print(progress.memoryLine)
      }
    case .merge(let merge): console.print(merge.line)
    case .evaluation(let evaluation):
      console.print(
        "step \(evaluation.step): validation \(kind.text(of: evaluation))\(kind.details(of: trainer))"
      )
    case .notice(let notice): console.print("note: \(notice)")
    }
  }

  // MARK: Ending

  /// Whether the model of the best evaluation is kept.
  private var keepsBest: Bool {
    arguments.keepBest ?? (isFineTuning || arguments.earlyStopping != nil)
  }

  /// Evaluates the end of the run as the evaluations before, and says which was the best.
  private func completeBest<Kind: TrainedKind>(
    _ best: inout BestEvaluation, _ trainer: Trainer<Kind.Task>, _ kind: Kind, stopsEarly: Bool
  ) throws {
    if !stopsEarly, trainer.task.size(of: .interim) > 0 {
      let last = RunRecord.Evaluation(step: trainer.step, loss: trainer.measure(.interim))
      if best.take(last) { try kind.save(trainer, to: bestPath, isResumable: false) }
    }
    guard let evaluation = best.best else { return }
    var notice =
      "The best evaluation was that after step \(evaluation.step), \(kind.text(of: evaluation)); its "
      + "model is in \(bestPath)."
    if stopsEarly {
      notice =
        "Stopped after step \(trainer.step): the last \(best.countSince) evaluations were no better than "
        + "the best before them. " + notice
    }
    trainer.note(notice)
    console.print("note: \(notice)")
  }

  /// Saves and ends the run if its memory limit has been lowered below what a step needs.
  private func stopAtShortage<Kind: TrainedKind>(_ trainer: Trainer<Kind.Task>, _ kind: Kind) throws
  {
    guard let limit = ProcessMemory.shortage, !arguments.force else { return }
    console.endProgress()
    try writeFiles(trainer, kind, trainer.finish(isInterrupted: true))
    throw InputError(
      "The \(limit.source) leaves \(PlainText.megabytes(limit.bytes)) now, and the run has needed "
        + "\(PlainText.megabytes(ProcessMemory.peakResidentBytes)). It is saved after step \(trainer.step): "
        + "raise the limit and go on with \(resumption)")
  }

  /// Saves after Ctrl-C and ends the program.
  private func stop<Kind: TrainedKind>(_ trainer: Trainer<Kind.Task>, _ kind: Kind) throws {
    let code = ExitCode(128 + (Interruption.signal ?? 2))
    guard trainer.step > 0 else {
      console.warn("Stopped before the first step; nothing was saved.")
      throw code
    }
    try writeFiles(trainer, kind, trainer.finish(isInterrupted: true))
    console.warn(
      "Stopped after step \(trainer.step) of \(trainer.configuration.steps); the run is saved in "
        + "\(checkpointPath), the report is \(reportPath). Go on with: \(resumption)")
    throw code
  }

  private func writeFiles<Kind: TrainedKind>(
    _ trainer: Trainer<Kind.Task>, _ kind: Kind, _ record: RunRecord
  ) throws {
    if arguments.checkpoint || trainer.step < trainer.configuration.steps {
      try kind.save(trainer, to: checkpointPath, isResumable: true)
    }
    try HTMLReport(record).write(to: reportPath)
    if let summary = arguments.summary { try record.writeSummary(to: summary) }
  }
}
