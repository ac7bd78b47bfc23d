/// Tells losses that lie far above those before them.
///
/// A loss is a spike if it is above the mean of the last losses by six of their standard deviations and by
/// a tenth. Spikes do not count among the losses that later ones are compared with.
package struct LossAlarm: Sendable {
  private var recent: [Double] = []
  private var isRinging = false

  /// The losses that are compared with, and the fewest of them.
  private static let (most, fewest) = (50, 20)
  private static let deviations = 6.0
  private static let share = 0.1

  /// An alarm that has heard no losses.
  package init() {}

  /// Takes the loss of a step. Returns the mean of those before it if it is the first spike after others
  /// that are none.
  package mutating func take(_ loss: Double) -> Double? {
    guard loss.isFinite else { return nil }
    let count = Double(recent.count)
    let mean = recent.reduce(0, +) / max(1, count)
    let variance = recent.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(1, count - 1)
    let isSpike =
      recent.count >= Self.fewest
      && loss > mean + max(Self.deviations * variance.squareRoot(), Self.share * abs(mean))
    defer { isRinging = isSpike }
    guard !isSpike else { return isRinging ? nil : mean }
    recent.append(loss)
    if recent.count > Self.most { recent.removeFirst() }
    return nil
  }
}
