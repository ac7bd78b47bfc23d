extension Tensor where Scalar: RealScalar {
  /// The vector `start, start + step, ...` of the numbers before `end`. Each element is
  /// `start + i * step` with one rounding of the product, so that errors do not add up. Traps when
  /// `step` is 0, a number is NaN or infinite, or there are more elements than `Int32` can count; empty
  /// when `step` leads away from `end`.
  public static func range(from start: Scalar, to end: Scalar, by step: Scalar = 1) -> Tensor {
    precondition(step != 0, "range: the step is 0")
    let steps = Double((end - start) / step).rounded(.up)
    precondition(
      steps <= Double(Int32.max),
      "range: from \(start) to \(end) by \(step) has no end or too many elements")
    var elements = (0..<Swift.max(0, Int(Swift.max(0, steps)))).map { start + Scalar($0) * step }
    // The quotient may have been rounded up past an integer.
    if let last = elements.last, step > 0 ? last >= end : last <= end { elements.removeLast() }
    return Tensor(elements)
  }

  /// The vector of `count` numbers at equal distances, the first `start` and the last exactly
  /// `end`; `[start]` when `count` is 1. Traps when `count` is negative.
  public static func linearSpace(from start: Scalar, through end: Scalar, count: Int) -> Tensor {
    precondition(count >= 0, "linearSpace: count \(count) is negative")
    let step = count > 1 ? (Double(end) - Double(start)) / Double(count - 1) : 0
    return Tensor(
      (0..<count).map {
        $0 > 0 && $0 == count - 1 ? end : Scalar(Double(start) + Double($0) * step)
      })
  }
}

extension Tensor where Scalar: FixedWidthInteger {
  /// The vector `start, start + step, ...` of the numbers before `end`. Traps when `step` is 0;
  /// empty when it leads away from `end`.
  public static func range(from start: Scalar, to end: Scalar, by step: Scalar = 1) -> Tensor {
    precondition(step != 0, "range: the step is 0")
    return Tensor(Swift.stride(from: Int(start), to: Int(end), by: Int(step)).map { Scalar($0) })
  }
}

extension Tensor where Scalar: Numeric {
  /// Ones where `indices` point along a new last axis of `classes` places, zeros elsewhere:
  /// `[indices.shape..., classes]`. Traps on an index outside `0..<classes`.
  public static func oneHot(_ indices: Tensor<Int32>, classes: Int) -> Tensor {
    precondition(classes >= 0, "oneHot: classes \(classes) is negative")
    let count = indices.elementCount
    return Tensor(unsafeUninitializedShape: Shape(indices.shape.dimensions + [classes])) { out in
      out.initialize(repeating: 0)
      indices.withPointer { index in
        for row in 0..<count {
          let place = Int(index[row])
          precondition(
            place >= 0 && place < classes, "oneHot: index \(place) outside \(classes) classes")
          out[row * classes + place] = 1
        }
      }
    }
  }
}

extension Tensor where Scalar: Numeric {
  /// The same for indices of 64 bits.
  @_disfavoredOverload
  public static func oneHot(_ indices: Tensor<Int64>, classes: Int) -> Tensor {
    oneHot(indices.narrowed("oneHot"), classes: classes)
  }
}

/// A scalar or a list of literals: what a `Tensor` written as nested brackets is made of.
public enum TensorLiteral<Scalar: TensorScalar>: Sendable {
  /// One element.
  case scalar(Scalar)
  /// The parts along one axis.
  case list([TensorLiteral])

  fileprivate var shape: [Int] {
    switch self {
    case .scalar: []
    case .list(let parts): [parts.count] + (parts.first?.shape ?? [])
    }
  }

  fileprivate func append(to scalars: inout [Scalar], _ shape: ArraySlice<Int>) {
    switch self {
    case .scalar(let value):
      precondition(shape.isEmpty, "Tensor: a literal's rows differ in depth")
      scalars.append(value)
    case .list(let parts):
      precondition(parts.count == shape.first, "Tensor: a literal's rows differ in length")
      for part in parts { part.append(to: &scalars, shape.dropFirst()) }
    }
  }
}

extension TensorLiteral: ExpressibleByArrayLiteral {
  /// The parts along one axis.
  public init(arrayLiteral elements: TensorLiteral...) { self = .list(elements) }
}

extension TensorLiteral: ExpressibleByIntegerLiteral where Scalar: ExpressibleByIntegerLiteral {
  /// One element.
  public init(integerLiteral value: Scalar.IntegerLiteralType) {
    self = .scalar(Scalar(integerLiteral: value))
  }
}

extension TensorLiteral: ExpressibleByFloatLiteral where Scalar: ExpressibleByFloatLiteral {
  /// One element.
  public init(floatLiteral value: Scalar.FloatLiteralType) {
    self = .scalar(Scalar(floatLiteral: value))
  }
}

extension TensorLiteral: ExpressibleByBooleanLiteral where Scalar: ExpressibleByBooleanLiteral {
  /// One element.
  public init(booleanLiteral value: Scalar.BooleanLiteralType) {
    self = .scalar(Scalar(booleanLiteral: value))
  }
}

extension TensorLiteral where Scalar: FloatingPoint {
  /// Not a number.
  public static var nan: TensorLiteral { .scalar(.nan) }
  /// Infinity; `-.infinity` is its negative.
  public static var infinity: TensorLiteral { .scalar(.infinity) }
  /// The ratio of a circle's circumference to its diameter.
  public static var pi: TensorLiteral { .scalar(.pi) }

  /// The negative of one element. Traps on a list.
  public static prefix func - (literal: TensorLiteral) -> TensorLiteral {
    guard case .scalar(let value) = literal else {
      preconditionFailure("Tensor: a list in a literal cannot be negated")
    }
    return .scalar(-value)
  }
}

extension Tensor {
  /// A matrix from its rows, which may contain variables. Traps when they differ in length.
  @_disfavoredOverload
  public init(_ rows: [[Scalar]]) { self.init(rows: rows) }

  /// A tensor of three axes from its matrices. Traps when they differ in shape.
  @_disfavoredOverload
  public init(_ matrices: [[[Scalar]]]) {
    let parts = matrices.map { Tensor(rows: $0) }
    self = parts.isEmpty ? Tensor([], shape: [0, 0, 0]) : .stacked(parts)
  }
}

extension Tensor: ExpressibleByArrayLiteral {
  /// `[[1, 2], [3, 4]]` is a matrix. Traps when rows differ in length or depth.
  public init(arrayLiteral elements: TensorLiteral<Scalar>...) {
    let literal = TensorLiteral<Scalar>.list(elements)
    let shape = literal.shape
    var scalars: [Scalar] = []
    literal.append(to: &scalars, shape[...])
    self.init(scalars, shape: Shape(shape))
  }
}
