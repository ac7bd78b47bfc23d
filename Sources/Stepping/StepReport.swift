public import Tensors

/// What one training step did.
public struct StepReport: Sendable, Hashable {
  /// The step of the run, from 0.
  public var step: Int
  /// The loss of the step's micro-batches together, before the step.
  public var loss: Double
  /// The learning rate of the step.
  public var learningRate: Double
  /// The global norm of all applied gradients before clipping; nil when gradients were not collected.
  public var gradientNorm: Double?
  /// The names of parameters that were skipped because their gradient was not finite, or `*` when the
  /// loss itself was not finite.
  public var skipped: [String] = []
  /// Bytes of gradients held at once, when they were collected.
  public var collectedGradientBytes = 0
  /// Tensor bytes by kind after the step.
  public var liveMemory = TensorMemory.Ledger()
  /// The peak of each kind of tensor bytes since `TensorMemory.resetPeak()`.
  public var peakMemory = TensorMemory.Ledger()
  /// Tensor bytes by kind at the highest total since `TensorMemory.resetPeak()`.
  public var memoryAtPeak = TensorMemory.Ledger()
  /// The merge, if this step had one.
  public var merge: MergeReport?
}

/// Training that cannot continue.
public struct TrainingError: Error, CustomStringConvertible, Sendable {
  /// What happened and what to try.
  public let description: String

  /// An error with its message.
  public init(_ description: String) { self.description = description }
}
