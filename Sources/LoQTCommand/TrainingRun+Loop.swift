import ArgumentParser
import Formatting
import Foundation
import Reports
import Stepping
import TensorFiles
import Tensors
import Terminal
import Training

/// What a run tells and saves of the kind of model that it trains.
protocol TrainedKind {
  /// How the model is trained.
  associatedtype Task: TrainingTask

  /// What the run will do, printed before it starts.
  func header(of trainer: Trainer<Task>) -> String
  /// Whether the loss is that of predicting a text, which has a perplexity.
  var isTextLoss: Bool { get }
  /// What an evaluation found, such as "perplexity 12.34".
  func text(of evaluation: RunRecord.Evaluation) -> String
  /// What else is known of the latest evaluation, such as ", accuracy 0.9".
  func details(of trainer: Trainer<Task>) -> String
  /// The numbers of a finished run.
  func results(of record: RunRecord) -> String
  /// Writes the model, and with it what the run goes on by where it `isResumable`. What was there before
  /// moves to `keptPath`, if there is one.
  func save(
    _ trainer: Trainer<Task>, to path: String, isResumable: Bool, keepingOldAt keptPath: String?)
    throws
}

extension TrainedKind {
  func details(of trainer: Trainer<Task>) -> String { "" }
}

extension TrainingRun {
  /// Trains what `makeTrainer` makes, shows progress, and writes the results.
  func train<Kind: TrainedKind>(_ kind: Kind, _ makeTrainer: () throws -> Trainer<Kind.Task>)
    async throws
  {
    try control.check()
    if arguments.resume == nil { try folder.checkIsFree(overwrites: control.overwrite) }
    try checkSummary()
    sayWhereMemoryRanOut()
    let trainer = try makeTrainer()
    trainer.isFineTuning = isFineTuning
    trainer.optimizer.patience = control.skipLimit
    try folder.claim()
    console.print(kind.header(of: trainer))
    let saver = RunSaver(
      kind, in: folder, control, console: console,
      resumed: arguments.resume.map { (trainer.step, RunFolder.checkpoint(ofRun: $0)) })
    let log = control.metrics ? try MetricsLog(path: folder.metrics, after: trainer.step) : nil
    var best = BestEvaluation()
    for evaluation in trainer.record.evaluations { _ = best.take(evaluation) }
    var (stopsEarly, smoothed) = (false, SmoothedLoss())

    do {
      for try await event in trainer {
        log?.take(event)
        show(event, of: trainer, kind, &smoothed)
        if case .step(let progress) = event, progress.step < progress.steps {
          try saver.saveIfDue(trainer)
        }
        if case .evaluation(let evaluation) = event {
          // A page that cannot be written now is written at the end.
          try? HTMLReport(trainer.finish(isInterrupted: true), isRunning: true)
            .write(to: folder.report)
          if best.take(evaluation), keepsBest {
            try kind.save(trainer, to: folder.best, isResumable: false, keepingOldAt: nil)
          }
          if let patience = control.earlyStopping, best.countSince >= patience {
            stopsEarly = true
            break
          }
        }
        if Interruption.signal != nil { break }
        if case .step(let progress) = event, progress.step < progress.steps {
          try stopAtShortage(trainer, saver)
        }
      }
    } catch let error as TrainingError {
      log?.write()
      try endRuined(trainer, UnsoundState(error.description, lastGood: saver.lastGood))
    }
    console.endProgress()
    log?.write()
    if trainer.step < trainer.configuration.steps, !stopsEarly { try stop(trainer, saver) }
    try complete(trainer, kind, saver, &best, stopsEarly: stopsEarly)
  }

  private func sayWhereMemoryRanOut() {
    let path = folder.checkpoint
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
    _ event: TrainingEvent, of trainer: Trainer<Kind.Task>, _ kind: Kind,
    _ smoothed: inout SmoothedLoss
  ) {
    switch event {
    case .step(let progress):
      let line = ProgressLine(
        progress, smoothed: smoothed.take(progress.loss), isTextLoss: kind.isTextLoss)
      console.show(line, isLast: progress.step == progress.steps)
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
    control.keepBest ?? (isFineTuning || control.earlyStopping != nil)
  }

  /// Saves the end of the run, measures it, and writes the results.
  private func complete<Kind: TrainedKind>(
    _ trainer: Trainer<Kind.Task>, _ kind: Kind, _ saver: RunSaver<Kind>,
    _ best: inout BestEvaluation, stopsEarly: Bool
  ) throws {
    // Before the measuring, which takes long: nothing that happens there loses the training.
    if control.checkpoint {
      do {
        try saver.save(trainer)
        try HTMLReport(trainer.record).write(to: folder.report)
        Interruption.endAtOnce()
      } catch let error as UnsoundState {
        try endRuined(trainer, error)
      } catch let error as TensorFileError {
        console.warn("warning: \(error). It is tried again after the last evaluation.")
      }
    } else if let problem = try trainer.problem {
      try endRuined(trainer, UnsoundState(problem, lastGood: saver.lastGood))
    }
    if keepsBest { try completeBest(&best, trainer, kind, stopsEarly: stopsEarly) }
    let record = trainer.finish()
    console.print(kind.results(of: record) + record.memoryTable + "\n")
    // With the last measures in its record.
    if control.checkpoint { try saver.save(trainer, isSound: true) }
    try writeReports(record)
    if control.checkpoint { console.print("checkpoint  \(folder.checkpoint)") }
    if keepsBest, best.best != nil { console.print("best        \(folder.best)") }
    console.print("report      \(folder.report)")
    if control.metrics { console.print("metrics     \(folder.metrics).csv") }
    if let summary = control.summary { console.print("summary     \(summary)") }
    guard record.validationLoss.isFinite || trainer.task.size(of: .final) == 0 else {
      console.warn("The loss on the validation text is no finite number.")
      throw Self.ruined
    }
  }

  /// Evaluates the end of the run as the evaluations before, and says which was the best.
  private func completeBest<Kind: TrainedKind>(
    _ best: inout BestEvaluation, _ trainer: Trainer<Kind.Task>, _ kind: Kind, stopsEarly: Bool
  ) throws {
    if !stopsEarly, trainer.task.size(of: .interim) > 0 {
      let last = RunRecord.Evaluation(step: trainer.step, loss: trainer.measure(.interim))
      if best.take(last) {
        try kind.save(trainer, to: folder.best, isResumable: false, keepingOldAt: nil)
      }
    }
    guard let evaluation = best.best else { return }
    var notice =
      "The best evaluation was that after step \(evaluation.step), \(kind.text(of: evaluation)); its "
      + "model is in \(folder.best)."
    if stopsEarly {
      notice =
        "Stopped after step \(trainer.step): the last \(counted(best.countSince, "evaluation")) "
        + "\(best.countSince == 1 ? "was" : "were") no better than the best before. " + notice
    }
    trainer.note(notice)
    console.print("note: \(notice)")
  }

  /// Saves and ends the run if its memory limit has been lowered below what a step needs.
  private func stopAtShortage<Kind: TrainedKind>(
    _ trainer: Trainer<Kind.Task>, _ saver: RunSaver<Kind>
  ) throws {
    guard let limit = ProcessMemory.shortage, !control.force else { return }
    console.endProgress()
    let record = trainer.finish(isInterrupted: true)
    try saver.save(trainer)
    try writeReports(record)
    throw InputError(
      "The \(limit.source) leaves \(PlainText.megabytes(limit.bytes)) now, and the run has needed "
        + "\(PlainText.megabytes(ProcessMemory.peakResidentBytes)). It is saved after step \(trainer.step): "
        + "raise the limit and go on with \(resumption)")
  }

  /// Saves after Ctrl-C and ends the program.
  private func stop<Kind: TrainedKind>(_ trainer: Trainer<Kind.Task>, _ saver: RunSaver<Kind>)
    throws
  {
    let code = ExitCode(128 + (Interruption.signal ?? 2))
    guard trainer.step > 0 else {
      console.warn("Stopped before the first step; nothing was saved.")
      throw code
    }
    let record = trainer.finish(isInterrupted: true)
    do {
      try saver.save(trainer)
    } catch let error as UnsoundState {
      try? writeReports(record)
      console.warn("Stopped. \(error)")
      throw code
    }
    try writeReports(record)
    console.warn(
      "Stopped after step \(trainer.step) of \(trainer.configuration.steps); the run is saved in "
        + "\(folder.checkpoint), the report is \(folder.report). Go on with: \(resumption)")
    throw code
  }

  /// The exit code of a run whose numbers are no longer good.
  private static var ruined: ExitCode { ExitCode(3) }

  /// Ends the run without saving its model.
  private func endRuined(_ trainer: Trainer<some TrainingTask>, _ state: UnsoundState) throws
    -> Never
  {
    console.endProgress()
    trainer.note("\(state)")
    try? writeReports(trainer.finish(isInterrupted: true))
    console.warn("\(state)")
    throw Self.ruined
  }

  private func writeReports(_ record: RunRecord) throws {
    try HTMLReport(record).write(to: folder.report)
    if let summary = control.summary { try record.writeSummary(to: summary) }
  }
}
