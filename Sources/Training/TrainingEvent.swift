public import Stepping

/// What happens while a model is trained.
public enum TrainingEvent: Sendable {
  /// A step was taken.
  case step(TrainingProgress)
  /// The step before it merged.
  case merge(MergeReport)
  /// The loss on some of the validation text.
  case evaluation(RunRecord.Evaluation)
  /// What a person should know.
  case notice(String)
}

/// Where a run stands after a step.
public struct TrainingProgress: Sendable, Hashable {
  /// Steps taken.
  public var step: Int
  /// Steps of the whole run.
  public var steps: Int
  /// The loss of the step, nats a token.
  public var loss: Double
  /// The learning rate of the step.
  public var learningRate: Double
  /// Training tokens a second over the last steps.
  public var tokensPerSecond: Double
  /// Estimated wall seconds to the end, merges and evaluations included.
  public var remainingSeconds: Double
  /// Memory resident at present.
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
