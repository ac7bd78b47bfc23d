/// The rows of a data set in batches, in every epoch each row once and in another order.
///
/// ```swift
/// for rows in ShuffledBatches(of: 64, from: images.shape[0], epochs: 10, seed: 1) {
///   let (x, y) = (images.gatheringRows(at: rows), labels.gatheringRows(at: rows))
/// }
/// ```
///
/// Which rows a batch has depends on the seed and its number alone, so that training can go on anywhere.
public struct ShuffledBatches: Sequence, Sendable {
  /// Rows of a batch.
  public let batchSize: Int
  /// Rows of the data set.
  public let rowCount: Int
  /// How often each row comes.
  public let epochs: Int
  /// Whether a last batch of an epoch that is not full is left out.
  public let dropsRest: Bool
  private let random: RandomSource

  /// Batches of `batchSize` of the rows `0..<rowCount`. Traps on sizes below 1 and negative epochs.
  ///
  /// - Parameters:
  ///   - batchSize: Rows of a batch.
  ///   - rowCount: Rows of the data set.
  ///   - epochs: How often each row comes.
  ///   - seed: Decides the orders.
  ///   - dropsRest: Whether a last batch of an epoch that is not full is left out.
  public init(
    of batchSize: Int, from rowCount: Int, epochs: Int = 1, seed: UInt64, dropsRest: Bool = false
  ) {
    precondition(
      batchSize > 0 && rowCount > 0 && epochs >= 0,
      "ShuffledBatches: batches of \(batchSize) from \(rowCount) rows, \(epochs) epochs")
    self.batchSize = batchSize
    self.rowCount = rowCount
    self.epochs = epochs
    self.dropsRest = dropsRest
    random = RandomSource(seed: seed).split("batches")
  }

  /// Batches of an epoch.
  public var batchesPerEpoch: Int {
    dropsRest ? rowCount / batchSize : (rowCount + batchSize - 1) / batchSize
  }

  /// Batches of all epochs.
  public var count: Int { epochs * batchesPerEpoch }

  /// The rows `[rows]` of a batch, counted from 0 over all epochs. Traps on one beyond the last.
  public func rows(ofBatch number: Int) -> Tensor<Int32> {
    precondition((0..<count).contains(number), "ShuffledBatches: no batch \(number) of \(count)")
    let (epoch, place) = number.quotientAndRemainder(dividingBy: batchesPerEpoch)
    return rows(place, of: order(epoch))
  }

  private func order(_ epoch: Int) -> [Int32] {
    var source = random.split(UInt64(epoch))
    return (0..<Int32(rowCount)).shuffled(using: &source)
  }

  private func rows(_ place: Int, of order: [Int32]) -> Tensor<Int32> {
    let start = place * batchSize
    return Tensor(Array(order[start..<Swift.min(start + batchSize, rowCount)]))
  }

  /// Goes through the batches.
  public struct Iterator: IteratorProtocol {
    fileprivate let batches: ShuffledBatches
    private var number = 0
    private var order: [Int32] = []

    fileprivate init(_ batches: ShuffledBatches) { self.batches = batches }

    /// The rows of the next batch; nil after the last.
    public mutating func next() -> Tensor<Int32>? {
      guard number < batches.count else { return nil }
      let (epoch, place) = number.quotientAndRemainder(dividingBy: batches.batchesPerEpoch)
      if place == 0 { order = batches.order(epoch) }
      number += 1
      return batches.rows(place, of: order)
    }
  }

  /// Begins with the first batch.
  public func makeIterator() -> Iterator { Iterator(self) }
}
