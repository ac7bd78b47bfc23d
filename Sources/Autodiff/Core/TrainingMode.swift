internal import Synchronization
public import Tensors

/// Whether a model is being trained at present, for dropout and other random operations.
///
/// Passes are evaluation unless they run inside `withTrainingMode`, so there is no switch to forget. The
/// mode is task-local.
public enum TrainingMode {
  @TaskLocal static var current: RandomStream?

  /// Whether the current task runs inside `withTrainingMode`.
  public static var isOn: Bool { current != nil }

  /// Independent random numbers for one random operation; nil in evaluation.
  ///
  /// A block that `checkpointed` recomputes gets the same numbers again.
  public static func nextRandom() -> RandomSource? { current?.next() }

  /// A closure that runs `body` later with the random numbers it would get now.
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
///   - random: The source of dropout masks; the same source draws the same masks.
///   - body: Runs in training mode.
public func withTrainingMode<R>(random: RandomSource, _ body: () throws -> R) rethrows -> R {
  try TrainingMode.$current.withValue(RandomStream(random)) { try body() }
}

/// A stream of random sources split from one source.
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
