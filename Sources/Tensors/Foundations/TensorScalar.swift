/// A type whose values a `Tensor` can hold.
///
/// Only the library's own types conform: Float, Double, BFloat16, Float16, Int32, Int64, UInt8 and
/// Bool.
public protocol TensorScalar: Sendable, BitwiseCopyable, Hashable, Codable {
  /// The value of a freshly zeroed tensor.
  static var zeroScalar: Self { get }
}

extension Int32: TensorScalar {
  /// 0.
  public static var zeroScalar: Int32 { 0 }
}
extension Int64: TensorScalar {
  /// 0.
  public static var zeroScalar: Int64 { 0 }
}
extension UInt8: TensorScalar {
  /// 0.
  public static var zeroScalar: UInt8 { 0 }
}
extension Bool: TensorScalar {
  /// false.
  public static var zeroScalar: Bool { false }
}
