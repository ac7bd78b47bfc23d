/// A number of another type that stands beside a tensor: `a / a.norm()`, `a * count`. Only the
/// library's own types conform.
public protocol TensorOperand: Sendable {
  /// The nearest number of a floating-point type.
  func _rounded<Scalar: RealScalar>(to type: Scalar.Type) -> Scalar
}

extension Int: TensorOperand {
  /// The nearest number of a floating-point type.
  public func _rounded<Scalar: RealScalar>(to type: Scalar.Type) -> Scalar { Scalar(self) }
}
extension Double: TensorOperand {
  /// The nearest number of a floating-point type.
  public func _rounded<Scalar: RealScalar>(to type: Scalar.Type) -> Scalar { Scalar(self) }
}
extension Float: TensorOperand {
  /// The nearest number of a floating-point type.
  public func _rounded<Scalar: RealScalar>(to type: Scalar.Type) -> Scalar { Scalar(self) }
}

/// Arithmetic with one number of another type, which is first rounded to the tensor's. So the numbers
/// that reductions give, `norm()` and `dot(_:)` in double precision too, combine with any tensor.
extension Tensor where Scalar: RealScalar {
  /// Adds a number to every element.
  @_disfavoredOverload
  public static func + (a: Tensor, b: some TensorOperand) -> Tensor {
    a + b._rounded(to: Scalar.self)
  }
  /// Subtracts a number from every element.
  @_disfavoredOverload
  public static func - (a: Tensor, b: some TensorOperand) -> Tensor {
    a - b._rounded(to: Scalar.self)
  }
  /// Multiplies every element by a number.
  @_disfavoredOverload
  public static func * (a: Tensor, b: some TensorOperand) -> Tensor {
    a * b._rounded(to: Scalar.self)
  }
  /// Divides every element by a number.
  @_disfavoredOverload
  public static func / (a: Tensor, b: some TensorOperand) -> Tensor {
    a / b._rounded(to: Scalar.self)
  }
  /// The number plus every element.
  @_disfavoredOverload
  public static func + (a: some TensorOperand, b: Tensor) -> Tensor {
    a._rounded(to: Scalar.self) + b
  }
  /// The number minus every element.
  @_disfavoredOverload
  public static func - (a: some TensorOperand, b: Tensor) -> Tensor {
    a._rounded(to: Scalar.self) - b
  }
  /// Multiplies every element by a number.
  @_disfavoredOverload
  public static func * (a: some TensorOperand, b: Tensor) -> Tensor {
    a._rounded(to: Scalar.self) * b
  }
  /// The number over every element.
  @_disfavoredOverload
  public static func / (a: some TensorOperand, b: Tensor) -> Tensor {
    a._rounded(to: Scalar.self) / b
  }
}
