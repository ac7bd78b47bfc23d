internal import Formatting
public import Tensors

/// The distribution of the differences of approximations from their originals, in units of the root
/// mean square of the originals; prints as a table with bars.
public struct ErrorHistogram: Hashable, Sendable, CustomStringConvertible {
  /// The outer ends of the bins, which span `-limit...limit` at equal distances.
  public let limit: Double
  /// The number of differences in each bin, from the most negative; those beyond the ends count in
  /// the outermost bins.
  public let counts: [Int]

  /// The differences of a quantised tensor from `original` in `bins` bins; if their number is odd,
  /// one is around 0. The limit is the largest difference unless given. Differences that are not
  /// finite are left out. Traps when the shapes differ or there is no bin.
  public init(
    of quantized: some QuantizedTensor, against original: Tensor<Float>, bins: Int = 41,
    limit: Double? = nil
  ) {
    precondition(
      quantized.shape == original.shape,
      "ErrorHistogram: shapes \(quantized.shape) and \(original.shape) differ")
    self.init(quantized.dequantized(), against: original, bins: bins, limit: limit)
  }

  init(
    _ approximation: Tensor<Float>, against original: Tensor<Float>, bins: Int, limit: Double?
  ) {
    precondition(bins > 0, "ErrorHistogram: bins \(bins) is not positive")
    var counts = [Int](repeating: 0, count: bins)
    let count = original.elementCount
    self.limit = approximation.withPointer { a in
      original.withPointer { b in
        var (power, largest) = (0.0, 0.0)
        for i in 0..<count where b[i].isFinite {
          power += Double(b[i]) * Double(b[i])
          let difference = abs(Double(a[i]) - Double(b[i]))
          if difference.isFinite { largest = max(largest, difference) }
        }
        let unit = power > 0 ? (power / Double(count)).squareRoot() : 1
        let limit = limit ?? (largest > 0 ? largest / unit : 1)
        for i in 0..<count {
          let place = ((Double(a[i]) - Double(b[i])) / (unit * limit) + 1) / 2 * Double(bins)
          if place.isFinite { counts[Int(min(max(place, 0), Double(bins - 1)))] += 1 }
        }
        return limit
      }
    }
    self.counts = counts
  }

  /// The middle of each bin.
  public var centers: [Double] {
    counts.indices.map { limit * ((2 * Double($0) + 1) / Double(counts.count) - 1) }
  }

  /// A line for each bin: its middle, its share in percent, and a bar.
  public var description: String {
    let total = Double(max(1, counts.reduce(0, +)))
    let largest = Double(max(1, counts.max() ?? 1))
    let cells = zip(centers, counts).map { center, count in
      (
        fourDigits(center), fourDigits(100 * Double(count) / total) + " %",
        String(repeating: "█", count: Int((40 * Double(count) / largest).rounded()))
      )
    }
    let widths = (cells.map(\.0.count).max() ?? 0, cells.map(\.1.count).max() ?? 0)
    return cells.map { center, share, bar in
      center.padded(to: -widths.0) + "  " + share.padded(to: -widths.1)
        + (bar.isEmpty ? "" : "  " + bar)
    }.joined(separator: "\n")
  }
}
