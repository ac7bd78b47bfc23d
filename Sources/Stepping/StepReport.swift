public import Tensors

/// What one training step did.
public struct StepReport: Sendable, Hashable {
  /// The step of the run, from 0.
  public var step: Int
  /// The loss of the step's micro-batches together, before the step.
  public var loss: Double
  /// The learning rate of the step.
  public var learningRate: Double
  /// The norm of all gradients that were applied, together, before clipping; nil when nothing was
  /// collected.
  public var gradientNorm: Double?
  /// Parameters whose gradient was not finite and was skipped; all of them, under the name `*`,
  /// when the loss itself was not finite.
  public var skipped: [String] = []
  /// Bytes of gradients held at once, when they were collected rather than consumed.
  public var collectedGradientBytes = 0
  /// Tensor bytes by kind after the step.
  public var liveMemory = TensorMemory.Ledger()
  /// The most tensor bytes of each kind since `TensorMemory.resetPeak()`.
  public var peakMemory = TensorMemory.Ledger()
  /// Tensor bytes by kind when all together were most since `TensorMemory.resetPeak()`.
  public var memoryAtPeak = TensorMemory.Ledger()
  /// The merge, when this step had one.
  public var merge: MergeReport?
}

/// Training that cannot go on.
public struct TrainingError: Error, CustomStringConvertible, Sendable {
  /// What happened and what to try.
  public let description: String

  /// An error with its message.
  public init(_ description: String) { self.description = description }
}
