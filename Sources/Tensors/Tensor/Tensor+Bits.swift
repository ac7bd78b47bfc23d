/// Operations on the bits of integers, with broadcasting.
extension Tensor where Scalar: FixedWidthInteger {
  /// The bits set in both.
  public static func & (a: Tensor, b: Tensor) -> Tensor { bits(.and, a, b, "&") }
  /// The bits set in at least one.
  public static func | (a: Tensor, b: Tensor) -> Tensor { bits(.or, a, b, "|") }
  /// The bits set in exactly one.
  public static func ^ (a: Tensor, b: Tensor) -> Tensor { bits(.exclusiveOr, a, b, "^") }
  /// The bits moved up by the elements of `b`; those beyond the type's width are lost.
  public static func << (a: Tensor, b: Tensor) -> Tensor { bits(.up, a, b, "<<") }
  /// The bits moved down by the elements of `b`, keeping the sign.
  public static func >> (a: Tensor, b: Tensor) -> Tensor { bits(.down, a, b, ">>") }
  /// The bits set in both an element and a scalar.
  public static func & (a: Tensor, b: Scalar) -> Tensor { a & Tensor(b) }
  /// The bits set in an element or a scalar.
  public static func | (a: Tensor, b: Scalar) -> Tensor { a | Tensor(b) }
  /// The bits set in either an element or a scalar, not in both.
  public static func ^ (a: Tensor, b: Scalar) -> Tensor { a ^ Tensor(b) }
  /// The bits moved up by some places.
  public static func << (a: Tensor, b: Int) -> Tensor { a << Tensor(Scalar(b)) }
  /// The bits moved down by some places, keeping the sign.
  public static func >> (a: Tensor, b: Int) -> Tensor { a >> Tensor(Scalar(b)) }
  /// All bits inverted.
  public static prefix func ~ (a: Tensor) -> Tensor { a ^ Tensor(~0) }
}

extension Tensor where Scalar: FixedWidthInteger & SignedInteger {
  /// Every element negated. Traps on the smallest integer, whose negative there is not.
  public static prefix func - (a: Tensor) -> Tensor { 0 - a }
}

private enum BitOperation { case and, or, exclusiveOr, up, down }

@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
@_specialize(where Scalar == UInt8)
private func bits<Scalar: TensorScalar & FixedWidthInteger>(
  _ operation: BitOperation, _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, _ name: StaticString
) -> Tensor<Scalar> {
  switch operation {
  case .and: zipped(a, b, name) { $0 & $1 }
  case .or: zipped(a, b, name) { $0 | $1 }
  case .exclusiveOr: zipped(a, b, name) { $0 ^ $1 }
  case .up:
    b.isBelow(Scalar.bitWidth)
      ? zipped(a, b, name) { $0 &<< $1 } : zipped(a, b, name) { $0 << $1 }
  case .down:
    b.isBelow(Scalar.bitWidth)
      ? zipped(a, b, name) { $0 &>> $1 } : zipped(a, b, name) { $0 >> $1 }
  }
}

extension Tensor where Scalar: FixedWidthInteger {
  /// Whether this is one number from 0 on below a bound, so that shifts by it need no test.
  fileprivate func isBelow(_ bound: Int) -> Bool {
    elementCount == 1 && scalar >= 0 && scalar < Scalar(bound)
  }
}
