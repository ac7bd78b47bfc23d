// Less common functions. Over `Float` they are computed in double precision and within .51 units in the
// last place; over `Double` they are within 3 units.

/// 2 to the power of each element.
public func exp2<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.exp2) }

/// `exp(x) - 1` of each element, exact near 0 too.
public func expm1<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.expm1) }

/// Logarithm to the base 2 of each element; -infinity at 0, NaN below.
public func log2<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.log2) }

/// Logarithm to the base 10 of each element; -infinity at 0, NaN below.
public func log10<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.log10) }

/// `log(1 + x)` of each element, exact near 0 too; -infinity at -1, NaN below.
public func log1p<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.log1p) }

/// Tangent of each element, in radians.
public func tan<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.tan) }

/// Angle from -pi/2 through pi/2 whose sine each element is; NaN beyond -1 and 1.
public func asin<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.asin) }

/// Angle from 0 through pi whose cosine each element is; NaN beyond -1 and 1.
public func acos<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.acos) }

/// Angle from -pi/2 through pi/2 whose tangent each element is.
public func atan<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.atan) }

/// Hyperbolic sine of each element.
public func sinh<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.sinh) }

/// Hyperbolic cosine of each element.
public func cosh<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.cosh) }

/// Inverse hyperbolic sine of each element.
public func asinh<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.asinh) }

/// Inverse hyperbolic cosine of each element, not negative; NaN below 1.
public func acosh<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.acosh) }

/// Inverse hyperbolic tangent of each element; infinite at -1 and 1, NaN beyond.
public func atanh<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.atanh) }

/// Cube root of each element, negative for negative ones.
public func cbrt<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.cbrt) }

/// Each element rounded toward zero.
public func trunc<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> { x.mapped(.trunc) }

/// The angle from -pi through pi of each point (x, y), with broadcasting.
public func atan2<Scalar: RealScalar>(y: Tensor<Scalar>, x: Tensor<Scalar>) -> Tensor<Scalar> {
  Tensor.binary(.atan2, y, x, "atan2")
}

/// `sqrt(a * a + b * b)` without overflow, element by element, with broadcasting.
public func hypot<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>) -> Tensor<Scalar> {
  Tensor.binary(.hypot, a, b, "hypot")
}

/// `log(exp(a) + exp(b))` without overflow, element by element, with broadcasting.
public func logAddExp<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  -> Tensor<Scalar>
{
  Tensor.binary(.logOfSum, a, b, "logAddExp")
}

/// The elements of `a` with the signs of those of `b`, with broadcasting.
public func copySign<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  -> Tensor<Scalar>
{
  Tensor.binary(.copySign, a, b, "copySign")
}

extension Tensor where Scalar: RealScalar {
  /// The remainder of `floorDivide`, with the sign of the divisor and broadcasting; NaN where that is
  /// 0.
  public static func % (a: Tensor, b: Tensor) -> Tensor { binary(.modulo, a, b, "%") }
  /// The remainder of `floorDivide` by a scalar, with its sign.
  public static func % (a: Tensor, b: Scalar) -> Tensor { a % Tensor(b) }
}

/// Quotients rounded down, with broadcasting; as `a / b` where b is 0.
public func floorDivide<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  -> Tensor<Scalar>
{
  Tensor.binary(.flooredQuotient, a, b, "floorDivide")
}

/// Quotients by a scalar, rounded down.
public func floorDivide<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Scalar) -> Tensor<Scalar> {
  floorDivide(a, Tensor(b))
}

/// The elements rounded to `digits` places after the decimal point, ties to even, as
/// `round(x * 10^digits) / 10^digits`.
public func round<Scalar: RealScalar>(_ x: Tensor<Scalar>, digits: Int) -> Tensor<Scalar> {
  var factor: Scalar = 1
  for _ in 0..<Swift.abs(digits) { factor *= 10 }
  return digits < 0 ? round(x / factor) * factor : round(x * factor) / factor
}
