/// Integer arithmetic traps on overflow and names the operation and its operands.
extension Tensor where Scalar: FixedWidthInteger {
  /// Elementwise sum with broadcasting.
  public static func + (a: Tensor, b: Tensor) -> Tensor { integerArithmetic(.add, a, b, "+") }
  /// Elementwise difference with broadcasting.
  public static func - (a: Tensor, b: Tensor) -> Tensor { integerArithmetic(.subtract, a, b, "-") }
  /// Elementwise product with broadcasting.
  public static func * (a: Tensor, b: Tensor) -> Tensor { integerArithmetic(.multiply, a, b, "*") }
  /// Elementwise quotient, rounded toward zero, with broadcasting. Traps on a division by zero.
  public static func / (a: Tensor, b: Tensor) -> Tensor { integerArithmetic(.divide, a, b, "/") }
  /// Adds a scalar to every element.
  public static func + (a: Tensor, b: Scalar) -> Tensor { a + Tensor(b) }
  /// Subtracts a scalar from every element.
  public static func - (a: Tensor, b: Scalar) -> Tensor { a - Tensor(b) }
  /// Multiplies every element by a scalar.
  public static func * (a: Tensor, b: Scalar) -> Tensor { a * Tensor(b) }
  /// Divides every element by a scalar, rounding toward zero. Traps when it is zero.
  public static func / (a: Tensor, b: Scalar) -> Tensor { a / Tensor(b) }

  /// The remainder of `floorDivide`, with the sign of the divisor and broadcasting. Traps on a
  /// division by zero.
  public static func % (a: Tensor, b: Tensor) -> Tensor { integerArithmetic(.modulo, a, b, "%") }
  /// The remainder of `floorDivide` by a scalar, with its sign. Traps when it is zero.
  public static func % (a: Tensor, b: Scalar) -> Tensor { a % Tensor(b) }
  /// The scalar plus every element.
  public static func + (a: Scalar, b: Tensor) -> Tensor { Tensor(a) + b }
  /// The scalar minus every element.
  public static func - (a: Scalar, b: Tensor) -> Tensor { Tensor(a) - b }
  /// Multiplies every element by a scalar.
  public static func * (a: Scalar, b: Tensor) -> Tensor { Tensor(a) * b }
  /// The scalar over every element, rounded toward zero. Traps on a division by zero.
  public static func / (a: Scalar, b: Tensor) -> Tensor { Tensor(a) / b }
  /// Adds; `b` must broadcast to the shape of `a`.
  public static func += (a: inout Tensor, b: Tensor) { a.update(b, "+=", +) }
  /// Subtracts; `b` must broadcast to the shape of `a`.
  public static func -= (a: inout Tensor, b: Tensor) { a.update(b, "-=", -) }
  /// Multiplies; `b` must broadcast to the shape of `a`.
  public static func *= (a: inout Tensor, b: Tensor) { a.update(b, "*=", *) }
  /// Adds a scalar to every element.
  public static func += (a: inout Tensor, b: Scalar) { a = a + b }
  /// Subtracts a scalar from every element.
  public static func -= (a: inout Tensor, b: Scalar) { a = a - b }
  /// Multiplies every element by a scalar.
  public static func *= (a: inout Tensor, b: Scalar) { a = a * b }

  private mutating func update(
    _ b: Tensor, _ name: StaticString, _ operation: (Tensor, Tensor) -> Tensor
  ) {
    precondition(
      shape.broadcast(with: b.shape) == shape, "\(name): \(b.shape) does not broadcast to \(shape)")
    self = operation(self, b)
  }

  /// The product of all elements; 1 when empty.
  public func product() -> Scalar { withUnsafeBuffer { integerFold(.multiply, $0)! } }

  /// Products along the given axes, which disappear; 1 over no elements.
  public func product(squeezingAxes axes: [Int]) -> Tensor {
    folded(axes, "product") { integerFold(.multiply, $0) }
  }

  /// The mean of all elements in double precision; NaN when empty.
  public func mean() -> Double { converted(to: Double.self).mean() }

  /// Means along the given axes, which disappear, in double precision; NaN over no elements.
  public func mean(squeezingAxes axes: [Int]) -> Tensor<Double> {
    converted(to: Double.self).mean(squeezingAxes: axes)
  }

  /// Sum of all elements; 0 when empty.
  public func sum() -> Scalar { withUnsafeBuffer { integerFold(.add, $0)! } }

  /// The largest element. Traps when empty.
  public func maximum() -> Scalar {
    precondition(elementCount > 0, "maximum: shape \(shape) is empty")
    return withUnsafeBuffer { integerFold(.maximum, $0)! }
  }

  /// The smallest element. Traps when empty.
  public func minimum() -> Scalar {
    precondition(elementCount > 0, "minimum: shape \(shape) is empty")
    return withUnsafeBuffer { integerFold(.minimum, $0)! }
  }

  /// Sums along the given axes, which disappear.
  public func sum(squeezingAxes axes: [Int]) -> Tensor {
    folded(axes, "sum") { integerFold(.add, $0) }
  }

  /// Sums along the given axes, which stay with size 1.
  public func sum(alongAxes axes: [Int]) -> Tensor { keeping(axes, sum(squeezingAxes: axes)) }

  /// The largest elements along the given axes, which stay with size 1. Traps when they are empty.
  public func maximum(alongAxes axes: [Int]) -> Tensor {
    keeping(axes, maximum(squeezingAxes: axes))
  }

  /// The smallest elements along the given axes, which stay with size 1. Traps when they are empty.
  public func minimum(alongAxes axes: [Int]) -> Tensor {
    keeping(axes, minimum(squeezingAxes: axes))
  }

  private func keeping(_ axes: [Int], _ result: Tensor) -> Tensor {
    let gone = Set(axes.map { shape.normalized(axis: $0, in: "sum") })
    return result.reshaped(to: Shape((0..<rank).map { gone.contains($0) ? 1 : shape[$0] }))
  }

  /// The largest elements along the given axes, which disappear. Traps when they are empty.
  public func maximum(squeezingAxes axes: [Int]) -> Tensor {
    folded(axes, "maximum") { integerFold(.maximum, $0) }
  }

  /// The smallest elements along the given axes, which disappear. Traps when they are empty.
  public func minimum(squeezingAxes axes: [Int]) -> Tensor {
    folded(axes, "minimum") { integerFold(.minimum, $0) }
  }

  private func folded(
    _ axes: [Int], _ operation: StaticString, _ fold: (UnsafeBufferPointer<Scalar>) -> Scalar?
  ) -> Tensor {
    let gone = Set(axes.map { shape.normalized(axis: $0, in: operation) })
    let kept = (0..<rank).filter { !gone.contains($0) }
    let length = gone.reduce(1) { $0 * shape[$1] }
    return Tensor(unsafeUninitializedShape: Shape(kept.map { shape[$0] })) { out in
      transposed(kept + gone.sorted()).withUnsafeBuffer { rows in
        for i in 0..<out.count {
          guard let value = fold(.init(rebasing: rows[i * length..<(i + 1) * length])) else {
            preconditionFailure("\(operation): axes \(axes) of \(shape) are empty")
          }
          out[i] = value
        }
      }
    }
  }
}

/// Bytes are added as wider integers, because few of them already exceed 255.
extension Tensor where Scalar == UInt8 {
  /// Sum of all elements; 0 when empty.
  public func sum() -> Int64 { withUnsafeBuffer { $0.reduce(0) { $0 + Int64($1) } } }

  /// Sums along the given axes, which disappear.
  public func sum(squeezingAxes axes: [Int]) -> Tensor<Int64> {
    converted(to: Int64.self).sum(squeezingAxes: axes)
  }
}

/// The elements combined into one; nil if there are none to choose from.
@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
@_specialize(where Scalar == UInt8)
private func integerFold<Scalar: FixedWidthInteger>(
  _ operation: BinaryKernel, _ run: UnsafeBufferPointer<Scalar>
) -> Scalar? {
  switch operation {
  case .maximum: run.max()
  case .minimum: run.min()
  case .multiply: run.reduce(1) { exact($0.multipliedReportingOverflow(by: $1), $0, $1, "product") }
  default: run.reduce(0) { exact($0.addingReportingOverflow($1), $0, $1, "sum") }
  }
}

/// Quotients rounded down, with broadcasting. Traps on a division by zero.
public func floorDivide<Scalar: TensorScalar & FixedWidthInteger>(
  _ a: Tensor<Scalar>, _ b: Tensor<Scalar>
) -> Tensor<Scalar> {
  integerArithmetic(.flooredQuotient, a, b, "floorDivide")
}

/// Quotients by a scalar, rounded down. Traps when it is zero.
public func floorDivide<Scalar: TensorScalar & FixedWidthInteger>(
  _ a: Tensor<Scalar>, _ b: Scalar
) -> Tensor<Scalar> {
  floorDivide(a, Tensor(b))
}

/// The smaller of each pair of integers, with broadcasting.
public func minimum<Scalar: TensorScalar & FixedWidthInteger>(
  _ a: Tensor<Scalar>, _ b: Tensor<Scalar>
) -> Tensor<Scalar> {
  integerArithmetic(.minimum, a, b, "minimum")
}

/// The larger of each pair of integers, with broadcasting.
public func maximum<Scalar: TensorScalar & FixedWidthInteger>(
  _ a: Tensor<Scalar>, _ b: Tensor<Scalar>
) -> Tensor<Scalar> {
  integerArithmetic(.maximum, a, b, "maximum")
}

/// Each integer limited to `bounds`.
public func clamp<Scalar: TensorScalar & FixedWidthInteger>(
  _ x: Tensor<Scalar>, to bounds: ClosedRange<Scalar>
) -> Tensor<Scalar> {
  minimum(maximum(x, Tensor(bounds.lowerBound)), Tensor(bounds.upperBound))
}

/// The absolute value of each integer. Traps on the smallest one, whose negative there is not.
public func abs<Scalar: TensorScalar & FixedWidthInteger & SignedInteger>(_ x: Tensor<Scalar>)
  -> Tensor<Scalar>
{
  maximum(x, -x)
}

@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
@_specialize(where Scalar == UInt8)
private func integerArithmetic<Scalar: TensorScalar & FixedWidthInteger>(
  _ operation: BinaryKernel, _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, _ name: StaticString
) -> Tensor<Scalar> {
  switch operation {
  case .add: zipped(a, b, name) { exact($0.addingReportingOverflow($1), $0, $1, name) }
  case .subtract: zipped(a, b, name) { exact($0.subtractingReportingOverflow($1), $0, $1, name) }
  case .multiply: zipped(a, b, name) { exact($0.multipliedReportingOverflow(by: $1), $0, $1, name) }
  case .modulo:
    zipped(a, b, name) {
      let rest = exact($0.remainderReportingOverflow(dividingBy: $1), $0, $1, name)
      return rest != 0 && (rest < 0) != ($1 < 0) ? rest + $1 : rest
    }
  case .flooredQuotient:
    zipped(a, b, name) {
      let quotient = exact($0.dividedReportingOverflow(by: $1), $0, $1, name)
      let isExact = quotient &* $1 == $0
      return !isExact && ($0 < 0) != ($1 < 0) ? quotient - 1 : quotient
    }
  case .minimum: zipped(a, b, name) { $1 < $0 ? $1 : $0 }
  case .maximum: zipped(a, b, name) { $1 > $0 ? $1 : $0 }
  default: zipped(a, b, name) { exact($0.dividedReportingOverflow(by: $1), $0, $1, name) }
  }
}

/// The result of an operation on two integers. Traps on overflow.
@inline(__always)
func exact<Scalar: FixedWidthInteger>(
  _ result: (partialValue: Scalar, overflow: Bool), _ a: Scalar, _ b: Scalar, _ name: StaticString
) -> Scalar {
  if result.overflow { integerOverflow(a, b, name) }
  return result.partialValue
}

@inline(never)
private func integerOverflow<Scalar: FixedWidthInteger>(
  _ a: Scalar, _ b: Scalar, _ name: StaticString
) -> Never {
  preconditionFailure(
    "\(name)" == "/" && b == 0
      ? "/: \(a) is divided by zero"
      : "\(name): \(a) and \(b) give no \(Scalar.self). Convert to a wider type first")
}
