/// Arithmetic with one number of another type, which is first rounded to the tensor's: the numbers that
/// reductions give, `norm()` and `dot(_:)` in double precision too, and counts combine with any tensor, as in
/// `a / a.norm()` and `a / count`.
///
/// The types are concrete, since generic operators make the compiler try every pair of types in every
/// expression.
extension Tensor where Scalar: RealScalar {
  /// Adds a number to every element.
  @_disfavoredOverload
  public static func + (a: Tensor, b: Int) -> Tensor { a + Scalar(b) }
  /// Subtracts a number from every element.
  @_disfavoredOverload
  public static func - (a: Tensor, b: Int) -> Tensor { a - Scalar(b) }
  /// Multiplies every element by a number.
  @_disfavoredOverload
  public static func * (a: Tensor, b: Int) -> Tensor { a * Scalar(b) }
  /// Divides every element by a number.
  @_disfavoredOverload
  public static func / (a: Tensor, b: Int) -> Tensor { a / Scalar(b) }
  /// The number minus every element.
  @_disfavoredOverload
  public static func - (a: Int, b: Tensor) -> Tensor { Scalar(a) - b }
  /// Multiplies every element by a number.
  @_disfavoredOverload
  public static func * (a: Int, b: Tensor) -> Tensor { Scalar(a) * b }
  /// The number over every element.
  @_disfavoredOverload
  public static func / (a: Int, b: Tensor) -> Tensor { Scalar(a) / b }
}

extension Tensor where Scalar == Float {
  /// Adds a number to every element.
  @_disfavoredOverload
  public static func + (a: Tensor, b: Double) -> Tensor { a + Float(b) }
  /// Subtracts a number from every element.
  @_disfavoredOverload
  public static func - (a: Tensor, b: Double) -> Tensor { a - Float(b) }
  /// Multiplies every element by a number.
  @_disfavoredOverload
  public static func * (a: Tensor, b: Double) -> Tensor { a * Float(b) }
  /// Divides every element by a number.
  @_disfavoredOverload
  public static func / (a: Tensor, b: Double) -> Tensor { a / Float(b) }
  /// The number minus every element.
  @_disfavoredOverload
  public static func - (a: Double, b: Tensor) -> Tensor { Float(a) - b }
  /// Multiplies every element by a number.
  @_disfavoredOverload
  public static func * (a: Double, b: Tensor) -> Tensor { Float(a) * b }
  /// The number over every element.
  @_disfavoredOverload
  public static func / (a: Double, b: Tensor) -> Tensor { Float(a) / b }
}
