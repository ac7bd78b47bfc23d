internal import CKernels

/// A floating-point scalar with kernels: Float or Double.
///
/// Every requirement with a leading underscore runs one kernel over whole buffers, so generic code
/// pays one witness call per operation. Only the library's own types conform.
public protocol RealScalar:
  TensorScalar, BinaryFloatingPoint, LAPACKScalar, ElementwiseScalar, ReductionScalar, RowScalar,
  AttentionScalar
{
  /// Kernel `loqt_random_uniform`.
  static func _randomUniform(
    _ key: UInt64, _ stream: UInt64, _ counter: UInt64, _ out: UnsafeMutablePointer<Self>,
    _ n: Int
  )
  /// Kernel `loqt_random_normal`.
  static func _randomNormal(
    _ key: UInt64, _ stream: UInt64, _ counter: UInt64, _ out: UnsafeMutablePointer<Self>,
    _ n: Int
  )
}

extension Float: RealScalar {
  /// 0.
  public static var zeroScalar: Float { 0 }
  /// Kernel `loqt_random_uniform_f32`.
  public static func _randomUniform(
    _ key: UInt64, _ stream: UInt64, _ counter: UInt64, _ out: UnsafeMutablePointer<Float>,
    _ n: Int
  ) {
    loqt_random_uniform_f32(key, stream, counter, out, n)
  }
  /// Kernel `loqt_random_normal_f32`.
  public static func _randomNormal(
    _ key: UInt64, _ stream: UInt64, _ counter: UInt64, _ out: UnsafeMutablePointer<Float>,
    _ n: Int
  ) {
    loqt_random_normal_f32(key, stream, counter, out, n)
  }
}

extension Double: RealScalar {
  /// 0.
  public static var zeroScalar: Double { 0 }
  /// Kernel `loqt_random_uniform_f64`.
  public static func _randomUniform(
    _ key: UInt64, _ stream: UInt64, _ counter: UInt64, _ out: UnsafeMutablePointer<Double>,
    _ n: Int
  ) {
    loqt_random_uniform_f64(key, stream, counter, out, n)
  }
  /// Kernel `loqt_random_normal_f64`.
  public static func _randomNormal(
    _ key: UInt64, _ stream: UInt64, _ counter: UInt64, _ out: UnsafeMutablePointer<Double>,
    _ n: Int
  ) {
    loqt_random_normal_f64(key, stream, counter, out, n)
  }
}
