public import Stepping

/// An event of a training run.
public enum TrainingEvent: Sendable {
  /// A step was taken.
  case step(TrainingProgress)
  /// The last step merged.
  case merge(MergeReport)
  /// An interim evaluation on part of the validation text.
  case evaluation(RunRecord.Evaluation)
  /// Something the user should know.
  case notice(String)
}

/// The progress of a run after a step.
public struct TrainingProgress: Sendable, Hashable {
  /// Steps taken.
  public var step: Int
  /// Steps of the whole run.
  public var steps: Int
  /// The loss of the step, nats per token.
  public var loss: Double
  /// The learning rate of the step.
  public var learningRate: Double
  /// Training tokens per second over recent steps.
  public var tokensPerSecond: Double
  /// Estimated wall seconds to the end, including merges and evaluations.
  public var remainingSeconds: Double
  /// Bytes resident at present.
  public var residentBytes: Int

  /// Tensor bytes by kind after the step.
  public var memory: MemoryBreakdown
  /// The most tensor bytes of each kind during the step.
  public var peakMemory: MemoryBreakdown

  package init(
    step: Int, steps: Int, loss: Double, learningRate: Double, tokensPerSecond: Double,
    remainingSeconds: Double, residentBytes: Int, memory: MemoryBreakdown,
    peakMemory: MemoryBreakdown
  ) {
    self.step = step
    self.steps = steps
    self.loss = loss
    self.learningRate = learningRate
    self.tokensPerSecond = tokensPerSecond
    self.remainingSeconds = remainingSeconds
    self.residentBytes = residentBytes
    self.memory = memory
    self.peakMemory = peakMemory
  }

  /// The perplexity of the step.
  public var perplexity: Double { Training.perplexity(ofLoss: loss) }
}
