internal import Tensors

/// Training batches: in each epoch all windows in random order. Which windows a step gets depends on the
/// seed and the step alone, so a run can be resumed anywhere.
///
/// The windows of a joined text do not overlap and begin at a random place in each epoch; those of texts
/// that are kept apart are the same in all epochs.
public struct BatchSampler: Sendable {
  /// Windows a batch.
  public let batchSize: Int
  /// Tokens a window, at most.
  public let sequence: Int
  /// Windows an epoch.
  public let windowCount: Int

  private let stream: TokenStream
  /// The windows; nil for those of a joined text.
  private let rows: [[Range<Int>]]?
  private let random: RandomSource
  private var epoch: (number: Int, rows: [Row])?

  /// A window: the first token in a joined text, or the place in `rows`.
  private typealias Row = Int

  /// A sampler. Throws when the text does not fill one batch.
  public init(
    _ stream: TokenStream, packing: Packing = .joined, batchSize: Int, sequence: Int, seed: UInt64
  ) throws(InputError) {
    self.batchSize = batchSize
    self.sequence = sequence
    self.stream = stream
    random = RandomSource(seed: seed).split("batches")
    guard packing == .joined else {
      let rows = packing.rows(of: stream, sequence: sequence)
      guard rows.count >= batchSize else {
        throw InputError(
          "The data fills \(rows.count) windows of \(sequence) tokens, fewer than one batch of "
            + "\(batchSize) needs. Give more of it, or a smaller --batch or --sequence.")
      }
      self.rows = rows
      windowCount = rows.count
      return
    }
    rows = nil
    let available = stream.tokens.count
    try stream.checkRoom(sequence: sequence)
    let step = stream.pieceStride(sequence: sequence)
    let (needed, overflow) = batchSize.multipliedReportingOverflow(by: step)
    guard !overflow, available > needed else {
      throw InputError(
        "The text has \(available) tokens to train on, fewer than one batch of \(batchSize) x "
          + "\(sequence) needs. Give a longer text, or a smaller --batch or --sequence.")
    }
    // One window fewer than fit leaves room for the random start of the epoch.
    windowCount = max(batchSize, (available - 1) / step - 1)
  }

  /// Tokens of a window, on average.
  var meanLength: Double {
    rows.map { rows in
      Double(rows.joined().reduce(0) { $0 + stream.places(of: $1) }) / Double(rows.count)
    } ?? Double(sequence)
  }

  /// The batch of a step, from 0.
  ///
  /// - Parameters:
  ///   - step: Which batch.
  ///   - size: Windows, where they are not as many as in other batches.
  public mutating func batch(step: Int, size: Int? = nil) -> Batch {
    let first = step * batchSize
    return Batch(
      stream,
      rows: (first..<first + (size ?? batchSize)).map { index in
        let row = row(ofWindow: index)
        return rows?[row] ?? [row..<row + stream.pieceLength(sequence: sequence)]
      })
  }

  private mutating func row(ofWindow index: Int) -> Row {
    let (number, position) = index.quotientAndRemainder(dividingBy: windowCount)
    if let epoch, epoch.number == number { return epoch.rows[position] }
    var source = random.split(UInt64(number))
    let ordered: [Row]
    if let rows {
      ordered = Array(rows.indices)
    } else {
      let step = stream.pieceStride(sequence: sequence)
      let shift = Int.random(in: 0..<(stream.tokens.count - windowCount * step), using: &source)
      ordered = (0..<windowCount).map { shift + $0 * step }
    }
    let shuffled = ordered.shuffled(using: &source)
    epoch = (number, shuffled)
    return shuffled[position]
  }
}
