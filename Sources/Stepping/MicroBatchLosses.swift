/// The losses of the micro-batches of a step, each weighted by the labels it is a mean over.
///
/// How many labels the later ones have is not known while the first runs backward. So gradients are
/// taken in shares as if all had as many as the first one that has any, and scaled at the end.
struct MicroBatchLosses {
  private let count: Int
  private var losses: [Double] = []
  /// In units of the labels of the first micro-batch that has any.
  private var weights: [Double] = []
  private var unit: Int?

  /// No losses yet, of `count` micro-batches.
  init(count: Int) { self.count = count }

  /// Takes the loss of the next micro-batch, a mean over `labels`; nil where nobody knows.
  mutating func add(_ loss: Double, labels: Int?) {
    if unit == nil, let labels, labels > 0 { unit = labels }
    losses.append(loss)
    weights.append(
      count == 1 ? 1 : labels.map { unit == nil ? 0 : Double($0) / Double(unit!) } ?? 1)
  }

  /// What the gradient of the last micro-batch is to be multiplied with.
  var lastShare: Double { weights.last! * (1 / Double(count)) }

  /// What the sum of all shares is to be multiplied with; 1 where all have as many labels.
  var shareScale: Double {
    let total = weights.reduce(0, +)
    return total > 0 ? Double(count) / total : 1
  }

  /// The loss of all together.
  var mean: Double { mean(of: losses) }

  /// The mean of other losses of the same micro-batches.
  func mean(of losses: [Double]) -> Double {
    let total = weights.reduce(0, +)
    guard total > 0 else { return losses.reduce(0, +) / Double(losses.count) }
    return zip(losses, weights).reduce(0) { $0 + $1.0 * $1.1 } / total
  }
}
