import Training

/// Which evaluation of a run is the best so far, and how long ago it was.
struct BestEvaluation {
  /// The best one behind the start.
  private(set) var best: RunRecord.Evaluation?
  /// The least loss, that of the start included.
  private var least = Double.infinity
  /// Evaluations since then.
  private(set) var countSince = 0

  /// Takes the next evaluation, and tells whether it is the best so far of a model that was trained.
  mutating func take(_ evaluation: RunRecord.Evaluation) -> Bool {
    let isBetter = evaluation.loss < least
    countSince = isBetter ? 0 : countSince + 1
    if isBetter { least = evaluation.loss }
    guard evaluation.step > 0, evaluation.loss < best?.loss ?? .infinity else { return false }
    best = evaluation
    return true
  }
}
