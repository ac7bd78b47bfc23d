internal import Synchronization
public import Tensors

/// Whether a model is being trained at present: what dropout and other random operations ask.
///
/// Models are evaluated unless the pass runs inside `withTrainingMode`; there is no switch to forget.
/// The mode follows the task.
public enum TrainingMode {
  @TaskLocal static var current: RandomStream?

  /// Whether the current task runs inside `withTrainingMode`.
  public static var isOn: Bool { current != nil }

  /// Random numbers for one random operation, independent of those of all others; nil in evaluation.
  ///
  /// A block that is computed again by `checkpointed` finds the same ones again.
  public static func nextRandom() -> RandomSource? { current?.next() }

  /// `body` as it would run now, for any later time: with the random numbers that follow from here,
  /// whatever has been drawn meanwhile.
  static func repeating<R>(_ body: @escaping () -> R) -> () -> R {
    let start = current?.copy()
    return { $current.withValue(start?.copy()) { body() } }
  }
}

/// Runs `body`, usually the computation of a loss, in training mode.
///
/// ```swift
/// let random = RandomSource(seed: 1)
/// for step in 0..<steps {
///   let loss = withTrainingMode(random: random.split(UInt64(step))) { model.loss(batch) }
/// }
/// ```
///
/// - Parameters:
///   - random: Where the masks of dropout come from: the same source draws the same masks.
///   - body: Runs with dropout.
public func withTrainingMode<R>(random: RandomSource, _ body: () throws -> R) rethrows -> R {
  try TrainingMode.$current.withValue(RandomStream(random)) { try body() }
}

/// Sources split off one after the other.
final class RandomStream: Sendable {
  private let source: RandomSource
  private let count: Atomic<UInt64>

  init(_ source: RandomSource, from count: UInt64 = 0) {
    self.source = source
    self.count = Atomic(count)
  }

  func next() -> RandomSource {
    source.split(count.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  func copy() -> RandomStream { RandomStream(source, from: count.load(ordering: .relaxed)) }
}
