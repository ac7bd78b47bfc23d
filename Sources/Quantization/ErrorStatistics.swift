public import Tensors

/// How far approximations are from their originals.
public struct ErrorStatistics: Hashable, Sendable {
  /// The mean of the squared differences.
  public let meanSquared: Double
  /// The largest difference.
  public let maximal: Double
  /// The norm of the differences over the norm of the originals; 0 if both are 0.
  public let relative: Double

  /// The power of the originals over that of the differences, in decibels; infinite if nothing
  /// differs.
  public var signalToNoise: Double { -20 * ScalarMath.log10(relative) }

  /// The differences of `approximation` from `original`, summed in double. Traps when the shapes
  /// differ.
  public init(of approximation: Tensor<Float>, against original: Tensor<Float>) {
    precondition(
      approximation.shape == original.shape,
      "ErrorStatistics: shapes \(approximation.shape) and \(original.shape) differ")
    var sums = Sums()
    approximation.withPointer { a in
      original.withPointer { b in sums.add(a, b, count: original.elementCount) }
    }
    self.init(sums)
  }

  /// The differences of a quantised tensor from `original`, without holding it whole in float.
  /// Traps when the shapes differ.
  public init(of quantized: some QuantizedTensor, against original: Tensor<Float>) {
    precondition(
      quantized.shape == original.shape,
      "ErrorStatistics: shapes \(quantized.shape) and \(original.shape) differ")
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
        // A comparison would ignore NaN.
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

extension QuantizedTensor {
  /// How far its elements are from `original`. Traps when the shapes differ.
  public func errorStatistics(against original: Tensor<Float>) -> ErrorStatistics {
    ErrorStatistics(of: self, against: original)
  }
}
