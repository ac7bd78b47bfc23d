public import Tensors

/// How far numbers lie from those they stand for.
public struct ErrorStatistics: Hashable, Sendable {
  /// The mean of the squared differences.
  public let meanSquared: Double
  /// The largest difference.
  public let maximal: Double
  /// The norm of the differences over the norm of the originals; 0 where both are 0.
  public let relative: Double

  /// The power of the originals over that of the differences, in decibels; infinite where nothing
  /// differs.
  public var signalToNoise: Double { -20 * logarithm10(relative) }

  /// The differences of `approximation` from `original`, summed in double. Traps when the shapes
  /// differ.
  public init(of approximation: Tensor<Float>, against original: Tensor<Float>) {
    precondition(
      approximation.shape == original.shape,
      "ErrorStatistics: \(approximation.shape) against \(original.shape)")
    var sums = Sums()
    approximation.withPointer { a in
      original.withPointer { b in sums.add(a, b, count: original.elementCount) }
    }
    self.init(sums)
  }

  /// The differences of a quantised tensor from `original`, without ever holding it whole in float.
  /// Traps when the shapes differ.
  public init(of quantized: some QuantizedTensor, against original: Tensor<Float>) {
    precondition(
      quantized.shape == original.shape,
      "ErrorStatistics: \(quantized.shape) against \(original.shape)")
    let (count, part) = (original.elementCount, 1 << 14)
    var sums = Sums()
    var values = Tensor<Float>(unsafeUninitializedShape: [min(count, part)]) { _ in }
    values.withMutablePointer { values in
      original.withPointer { original in
        for first in stride(from: 0, to: count, by: part) {
          let end = min(count, first + part)
          quantized._dequantize(first..<end, into: values)
          sums.add(values, original + first, count: end - first)
        }
      }
    }
    self.init(sums)
  }

  private struct Sums {
    var count = 0
    var squares = 0.0
    var original = 0.0
    var maximal = 0.0

    mutating func add(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) {
      self.count += count
      for i in 0..<count {
        let (value, difference) = (Double(b[i]), Double(a[i]) - Double(b[i]))
        squares += difference * difference
        original += value * value
        // A comparison would pass over NaN.
        maximal = difference.isNaN ? .nan : max(maximal, abs(difference))
      }
    }
  }

  private init(_ sums: Sums) {
    meanSquared = sums.count == 0 ? 0 : sums.squares / Double(sums.count)
    maximal = sums.maximal
    relative = sums.squares == 0 ? 0 : (sums.squares / sums.original).squareRoot()
  }
}

/// The errors of several formats on the same numbers; prints as a table.
public struct ErrorTable: Sendable, CustomStringConvertible {
  /// One format.
  public struct Row: Sendable {
    /// How the numbers were stored.
    public let format: WeightFormat
    /// Bytes an element, scales included.
    public let bytesPerElement: Double
    /// How far they are off.
    public let error: ErrorStatistics
  }

  /// In the order of the formats.
  public let rows: [Row]

  /// Stores `matrix` in each format and compares. Traps unless it has two axes.
  public init(of matrix: Tensor<Float>, in formats: [WeightFormat]) {
    rows = formats.map { format in
      let stored = StoredMatrix(storing: matrix, as: format)
      let error =
        switch stored {
        case .dense(let values): ErrorStatistics(of: values, against: matrix)
        case .quantized(let values): values.errorStatistics(against: matrix)
        }
      return Row(
        format: format,
        bytesPerElement: Double(stored.byteCount) / Double(max(1, matrix.elementCount)),
        error: error)
    }
  }

  /// Columns under their titles, numbers to four digits.
  public var description: String {
    let titles = ["format", "bytes", "mean squared", "maximal", "relative", "signal/noise"]
    let cells = rows.map { row in
      [
        row.format.description, fourDigits(row.bytesPerElement), fourDigits(row.error.meanSquared),
        fourDigits(row.error.maximal), fourDigits(row.error.relative),
        fourDigits(row.error.signalToNoise) + " dB",
      ]
    }
    let widths = titles.indices.map { column in
      ([titles] + cells).map { $0[column].count }.max()!
    }
    return ([titles] + cells).map { line in
      line.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - line[column].count)
        return column == 0 ? line[column] + space : space + line[column]
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

extension QuantizedTensor {
  /// How far its elements lie from `original`. Traps when the shapes differ.
  public func errorStatistics(against original: Tensor<Float>) -> ErrorStatistics {
    ErrorStatistics(of: self, against: original)
  }
}

/// A number to four significant digits: plain from 0.001 to 9999, otherwise with an exponent.
private func fourDigits(_ x: Double) -> String {
  guard x.isFinite, x != 0 else { return x == 0 ? "0" : "\(x)" }
  var exponent = Int(logarithm10(abs(x)).rounded(.down))
  var digits = (abs(x) * powerOfTen(3 - exponent)).rounded()
  // Rounding may carry, and the logarithm be off by one at a power of ten.
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

/// By the elementwise kernel, as this rung has no C mathematics of its own.
private func logarithm10(_ x: Double) -> Double {
  x == 0 ? -.infinity : log(Tensor<Double>(x)).scalar / 2.302585092994046
}
