internal import Tensors

/// What the numbers of a tensor are like.
public struct TensorStatistics: Sendable, Hashable {
  /// How many there are.
  public let count: Int
  /// The least number; NaN where there is none.
  public let minimum: Double
  /// The largest number; NaN where there is none.
  public let maximum: Double
  /// The mean of the finite numbers.
  public let mean: Double
  /// The standard deviation of the finite numbers, over their count.
  public let deviation: Double
  /// How many are zero, of either sign.
  public let zeros: Int
  /// How many are not numbers.
  public let notNumbers: Int
  /// How many are infinite.
  public let infinities: Int

  init<Scalar: Countable>(_ tensor: Tensor<Scalar>) {
    var (least, most) = (Double.infinity, -Double.infinity)
    var (sum, zeros, notNumbers, infinities, finite) = (0.0, 0, 0, 0, 0)
    tensor.withUnsafeBuffer { scalars in
      for scalar in scalars {
        let value = scalar.counted
        if value.isNaN {
          notNumbers += 1
          continue
        }
        least = min(least, value)
        most = max(most, value)
        if value == 0 { zeros += 1 }
        if value.isInfinite {
          infinities += 1
        } else {
          finite += 1
          sum += value
        }
      }
    }
    let mean = sum / Double(finite)
    var squares = 0.0
    tensor.withUnsafeBuffer { scalars in
      for scalar in scalars where scalar.counted.isFinite {
        let difference = scalar.counted - mean
        squares += difference * difference
      }
    }
    count = tensor.elementCount
    minimum = least <= most ? least : .nan
    maximum = least <= most ? most : .nan
    self.mean = mean
    deviation = (squares / Double(finite)).squareRoot()
    self.zeros = zeros
    self.notNumbers = notNumbers
    self.infinities = infinities
  }
}

/// A scalar that counts as a number.
protocol Countable: TensorFileScalar {
  var counted: Double { get }
}

extension Float: Countable {
  var counted: Double { Double(self) }
}

extension Double: Countable {
  var counted: Double { self }
}

extension Int64: Countable {
  var counted: Double { Double(self) }
}

extension UInt8: Countable {
  var counted: Double { Double(self) }
}

extension Bool: Countable {
  var counted: Double { self ? 1 : 0 }
}
