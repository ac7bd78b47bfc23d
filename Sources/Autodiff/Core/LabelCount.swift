internal import Synchronization

/// How many labels the losses of a pass are means over: what a step over micro-batches weighs them by.
///
/// The mean of means over unlike numbers of labels is not the mean over all of them. The losses of this
/// package tell their numbers, those left out not counted.
public enum LabelCount {
  @TaskLocal private static var current: Counter?

  /// Tells that a loss that is being computed is a mean over `count` labels: for losses of one's own.
  public static func add(_ count: @autoclosure () -> Int) {
    current?.add(count())
  }

  /// The result of `body` and how many labels the losses within it told; nil where none told any.
  package static func counting<R>(_ body: () throws -> R) rethrows -> (result: R, labels: Int?) {
    let counter = Counter()
    let result = try $current.withValue(counter) { try body() }
    return (result, counter.count)
  }

  private final class Counter: Sendable {
    private let sum = Mutex<Int?>(nil)

    var count: Int? { sum.withLock { $0 } }

    func add(_ count: Int) { sum.withLock { $0 = ($0 ?? 0) + count } }
  }
}
