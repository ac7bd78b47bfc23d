/// The sizes of a tensor's axes, outermost first.
///
/// A scalar has the empty shape. Sizes are never negative; a size of zero makes an empty tensor.
public struct Shape: Hashable, Sendable {
  /// The sizes, outermost first.
  public let dimensions: [Int]

  /// A shape of the given sizes. Traps on a negative size.
  public init(_ dimensions: [Int]) {
    precondition(dimensions.allSatisfy { $0 >= 0 }, "Shape: negative size in \(dimensions)")
    self.dimensions = dimensions
  }

  /// The number of axes.
  public var rank: Int { dimensions.count }

  /// The number of elements: the product of all sizes, 1 for a scalar. Traps on overflow.
  public var elementCount: Int {
    var product = 1
    for size in dimensions {
      let (value, overflow) = product.multipliedReportingOverflow(by: size)
      precondition(!overflow, "Shape: \(dimensions) has more elements than Int can count")
      product = value
    }
    return product
  }

  /// The size of the last axis, 1 for a scalar.
  public var lastDimension: Int { dimensions.last ?? 1 }

  /// The number of rows: the product of all sizes but the last.
  public var rowCount: Int { dimensions.dropLast().reduce(1, *) }

  /// Row-major strides, in elements.
  var contiguousStrides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      strides[axis] = step
      // This can overflow only beside a size of 0, where no stride is used.
      step &*= dimensions[axis]
    }
    return strides
  }

  /// The shape that both shapes broadcast to under NumPy's rule, or nil if they do not fit: axes
  /// are aligned at the last, and sizes must be equal or one of them 1.
  public func broadcast(with other: Shape) -> Shape? {
    if self == other { return self }
    let rank = Swift.max(self.rank, other.rank)
    var sizes = [Int](repeating: 1, count: rank)
    for back in 1...rank {
      let a = back <= self.rank ? dimensions[self.rank - back] : 1
      let b = back <= other.rank ? other.dimensions[other.rank - back] : 1
      guard a == b || a == 1 || b == 1 else { return nil }
      sizes[rank - back] = a == 1 ? b : a
    }
    return Shape(sizes)
  }

  /// `axis` counted from the front; negative axes count from the back. Traps outside the rank.
  func normalized(axis: Int, in operation: StaticString) -> Int {
    let result = axis < 0 ? axis + rank : axis
    precondition(
      result >= 0 && result < rank, "\(operation): axis \(axis) outside shape \(self)")
    return result
  }
}

extension Shape: RandomAccessCollection {
  /// The first axis.
  public var startIndex: Int { 0 }
  /// The rank.
  public var endIndex: Int { dimensions.count }
  /// The size of an axis; negative axes are not allowed here.
  public subscript(axis: Int) -> Int { dimensions[axis] }
}

extension Shape: ExpressibleByArrayLiteral {
  /// `[2, 3]` is a shape of two axes.
  public init(arrayLiteral elements: Int...) { self.init(elements) }
}

extension Shape: CustomStringConvertible {
  /// `[2, 3]`.
  public var description: String { "\(dimensions)" }
}
