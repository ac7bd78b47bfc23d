internal import CKernels

/// Kernels that reduce many elements to one, with sums in double precision. Each requirement runs
/// one of them over whole buffers.
public protocol ReductionScalar {
  /// Kernel `loqt_sum`.
  static func _sum(_ x: UnsafePointer<Self>, _ n: Int) -> Double
  /// Kernel `loqt_dot`.
  static func _dot(_ x: UnsafePointer<Self>, _ y: UnsafePointer<Self>, _ n: Int) -> Double
  /// Kernel `loqt_sum_of_squares`.
  static func _sumOfSquares(_ x: UnsafePointer<Self>, _ n: Int) -> Double
  /// Kernel `loqt_maximum`.
  static func _maximum(_ x: UnsafePointer<Self>, _ n: Int) -> Self
  /// Kernel `loqt_minimum`.
  static func _minimum(_ x: UnsafePointer<Self>, _ n: Int) -> Self
  /// Kernel `loqt_all_finite`.
  static func _allFinite(_ x: UnsafePointer<Self>, _ n: Int) -> Bool
  /// Kernel `loqt_add_column_sums`.
  static func _addColumnSums(
    _ x: UnsafePointer<Self>, _ rows: Int, _ cols: Int, _ stride: Int,
    _ out: UnsafeMutablePointer<Self>
  )
}

extension Float: ReductionScalar {
  /// Kernel `loqt_sum_f32`.
  public static func _sum(_ x: UnsafePointer<Float>, _ n: Int) -> Double {
    loqt_sum_f32(x, n)
  }
  /// Kernel `loqt_dot_f32`.
  public static func _dot(_ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ n: Int) -> Double
  {
    loqt_dot_f32(x, y, n)
  }
  /// Kernel `loqt_sum_of_squares_f32`.
  public static func _sumOfSquares(_ x: UnsafePointer<Float>, _ n: Int) -> Double {
    loqt_sum_of_squares_f32(x, n)
  }
  /// Kernel `loqt_maximum_f32`.
  public static func _maximum(_ x: UnsafePointer<Float>, _ n: Int) -> Float {
    loqt_maximum_f32(x, n)
  }
  /// Kernel `loqt_minimum_f32`.
  public static func _minimum(_ x: UnsafePointer<Float>, _ n: Int) -> Float {
    loqt_minimum_f32(x, n)
  }
  /// Kernel `loqt_all_finite_f32`.
  public static func _allFinite(_ x: UnsafePointer<Float>, _ n: Int) -> Bool {
    loqt_all_finite_f32(x, n)
  }
  /// Kernel `loqt_add_column_sums_f32`.
  public static func _addColumnSums(
    _ x: UnsafePointer<Float>, _ rows: Int, _ cols: Int, _ stride: Int,
    _ out: UnsafeMutablePointer<Float>
  ) {
    loqt_add_column_sums_f32(x, rows, cols, stride, out)
  }
}

extension Double: ReductionScalar {
  /// Kernel `loqt_sum_f64`.
  public static func _sum(_ x: UnsafePointer<Double>, _ n: Int) -> Double {
    loqt_sum_f64(x, n)
  }
  /// Kernel `loqt_dot_f64`.
  public static func _dot(_ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ n: Int)
    -> Double
  {
    loqt_dot_f64(x, y, n)
  }
  /// Kernel `loqt_sum_of_squares_f64`.
  public static func _sumOfSquares(_ x: UnsafePointer<Double>, _ n: Int) -> Double {
    loqt_sum_of_squares_f64(x, n)
  }
  /// Kernel `loqt_maximum_f64`.
  public static func _maximum(_ x: UnsafePointer<Double>, _ n: Int) -> Double {
    loqt_maximum_f64(x, n)
  }
  /// Kernel `loqt_minimum_f64`.
  public static func _minimum(_ x: UnsafePointer<Double>, _ n: Int) -> Double {
    loqt_minimum_f64(x, n)
  }
  /// Kernel `loqt_all_finite_f64`.
  public static func _allFinite(_ x: UnsafePointer<Double>, _ n: Int) -> Bool {
    loqt_all_finite_f64(x, n)
  }
  /// Kernel `loqt_add_column_sums_f64`.
  public static func _addColumnSums(
    _ x: UnsafePointer<Double>, _ rows: Int, _ cols: Int, _ stride: Int,
    _ out: UnsafeMutablePointer<Double>
  ) {
    loqt_add_column_sums_f64(x, rows, cols, stride, out)
  }
}
