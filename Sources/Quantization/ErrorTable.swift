internal import Formatting
public import Tensors

/// The errors of several formats on the same numbers; prints as a table.
public struct ErrorTable: Sendable, CustomStringConvertible {
  /// One format.
  public struct Row: Sendable {
    /// How the numbers were stored.
    public let format: WeightFormat
    /// Bytes per element, scales included.
    public let bytesPerElement: Double
    /// The size of the errors.
    public let error: ErrorStatistics
    /// The distribution of the errors.
    public let histogram: ErrorHistogram

    /// The format in words.
    public var name: String { format.description }
  }

  /// In the order of the formats.
  public let rows: [Row]

  /// Stores `matrix` in each format and compares. Traps unless it has two axes.
  public init(of matrix: Tensor<Float>, in formats: [WeightFormat]) {
    rows = formats.map { format in
      let stored = StoredMatrix(storing: matrix, as: format)
      let values = stored.dequantized()
      return Row(
        format: format,
        bytesPerElement: Double(stored.byteCount) / Double(max(1, matrix.elementCount)),
        error: ErrorStatistics(of: values, against: matrix),
        histogram: ErrorHistogram(values, against: matrix, bins: 81, limit: nil))
    }
  }

  /// Columns under their titles, numbers to four digits.
  public var description: String {
    let titles = ["format", "bytes", "mean squared", "maximal", "relative", "signal/noise"]
    let cells = rows.map { row in
      [
        row.name, fourDigits(row.bytesPerElement), fourDigits(row.error.meanSquared),
        fourDigits(row.error.maximal), fourDigits(row.error.relative),
        fourDigits(row.error.signalToNoise) + " dB",
      ]
    }
    return aligned([titles] + cells).joined(separator: "\n")
  }
}

/// A number to four significant digits: plain from 0.001 to 9999, otherwise with an exponent.
func fourDigits(_ x: Double) -> String {
  guard x.isFinite, x != 0 else { return x == 0 ? "0" : "\(x)" }
  var exponent = Int(ScalarMath.log10(abs(x)).rounded(.down))
  var digits = (abs(x) * powerOfTen(3 - exponent)).rounded()
  // Rounding may carry, and the logarithm may be off by one at a power of ten.
  if digits >= 10_000 { (digits, exponent) = ((digits / 10).rounded(), exponent + 1) }
  let text = String(Int(digits))
  let sign = x < 0 ? "-" : ""
  func split(at position: Int) -> String {
    position >= text.count ? text : "\(text.prefix(position)).\(text.dropFirst(position))"
  }
  switch exponent {
  case 0...3: return sign + split(at: exponent + 1)
  case -3..<0: return "\(sign)0." + String(repeating: "0", count: -exponent - 1) + text
  default: return "\(sign)\(split(at: 1))e\(exponent)"
  }
}

private func powerOfTen(_ exponent: Int) -> Double {
  (0..<abs(exponent)).reduce(1.0) { power, _ in exponent < 0 ? power / 10 : power * 10 }
}
