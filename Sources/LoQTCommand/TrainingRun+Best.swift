import Formatting
import Terminal
import Training

extension TrainingRun {
  /// Whether the model of the best evaluation is kept.
  var keepsBest: Bool {
    arguments.keepBest ?? (isFineTuning || arguments.earlyStopping != nil)
  }

  /// The model of the best evaluation, without what a run goes on by.
  func writeBest(_ trainer: LanguageModelTrainer) throws {
    try Checkpoint(modelOf: trainer).write(to: bestPath)
  }

  /// Measures the end of the run as the evaluations before, and says which was the best.
  func completeBest(
    _ best: inout BestEvaluation, _ trainer: LanguageModelTrainer, stopsEarly: Bool
  ) throws {
    if !stopsEarly, trainer.task.size(of: .interim) > 0 {
      let last = RunRecord.Evaluation(step: trainer.step, loss: trainer.measure(.interim))
      if best.take(last) { try writeBest(trainer) }
    }
    guard let evaluation = best.best else { return }
    var notice =
      "The best evaluation was that after step \(evaluation.step), perplexity "
      + "\(PlainText.decimals(evaluation.perplexity, 2)); its model is in \(bestPath)."
    if stopsEarly {
      notice =
        "Stopped after step \(trainer.step): the last \(best.countSince) evaluations were no better than "
        + "the best before them. " + notice
    }
    trainer.note(notice)
    console.print("note: \(notice)")
  }
}
