public import Tensors

/// A kind of optimizer, by name, for configurations.
public enum OptimizerKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// `AdamW`.
  case adamW = "adamw"
  /// `AdamW8bit`.
  case adamW8bit = "adamw8bit"
  /// `SGD` with momentum.
  case sgd
  /// `Adafactor`.
  case adafactor

  /// Makes a new optimizer of this kind.
  public func makeOptimizer(learningRate: LearningRateSchedule) -> any Optimizer {
    switch self {
    case .adamW: AdamW(learningRate: learningRate)
    case .adamW8bit: AdamW8bit(learningRate: learningRate)
    case .sgd: SGD(learningRate: learningRate)
    case .adafactor: Adafactor(learningRate: learningRate)
    }
  }

  /// Bytes of the state of a parameter with a shape.
  public func stateByteCount(shape: Shape) -> Int {
    let count = shape.elementCount
    switch self {
    case .adamW: return 8 * count
    case .adamW8bit:
      guard count >= AdamW8bit.smallestElementCount else { return 8 * count }
      return 2 * (count + 4 * ((count + 255) / 256))
    case .sgd: return 4 * count
    case .adafactor: return 4 * (shape.rank == 2 ? shape[0] + shape[1] : count)
    }
  }
}
