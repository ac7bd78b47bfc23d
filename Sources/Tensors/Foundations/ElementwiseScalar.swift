internal import CKernels

/// Elementwise kernels. Each requirement runs one of them over whole buffers.
public protocol ElementwiseScalar {
  /// Kernel `loqt_binary`.
  static func _binary(
    _ operation: Int32, _ a: UnsafePointer<Self>, _ aStep: Int, _ b: UnsafePointer<Self>,
    _ bStep: Int, _ out: UnsafeMutablePointer<Self>, _ n: Int
  )
  /// Kernel `loqt_binary_rows`.
  static func _binaryRows(
    _ operation: Int32, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    _ out: UnsafeMutablePointer<Self>, _ rows: Int, _ cols: Int
  )
  /// Kernel `loqt_unary`.
  static func _unary(
    _ operation: Int32, _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ n: Int
  )
  /// Kernel `loqt_unary_gradient`.
  static func _unaryGradient(
    _ operation: Int32, _ x: UnsafePointer<Self>, _ g: UnsafePointer<Self>,
    _ dx: UnsafeMutablePointer<Self>, _ n: Int
  )
  /// Kernel `loqt_scale_add`.
  static func _scaleAdd(
    _ alpha: Self, _ x: UnsafePointer<Self>, _ beta: Self, _ y: UnsafeMutablePointer<Self>,
    _ n: Int
  )
  /// Kernel `loqt_multiply_add`.
  static func _multiplyAdd(
    _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ n: Int
  )
  /// Kernel `loqt_fill`.
  static func _fill(_ value: Self, _ out: UnsafeMutablePointer<Self>, _ n: Int)
  /// Kernel `loqt_swiglu`.
  static func _swiglu(
    _ gate: UnsafePointer<Self>, _ up: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>,
    _ n: Int
  )
  /// Kernel `loqt_swiglu_gradient`.
  static func _swigluGradient(
    _ gate: UnsafePointer<Self>, _ up: UnsafePointer<Self>, _ g: UnsafePointer<Self>,
    _ dgate: UnsafeMutablePointer<Self>, _ dup: UnsafeMutablePointer<Self>, _ n: Int
  )
}

extension Float: ElementwiseScalar {
  /// Kernel `loqt_binary_f32`.
  public static func _binary(
    _ operation: Int32, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>,
    _ bStep: Int, _ out: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    loqt_binary_f32(operation, a, aStep, b, bStep, out, n)
  }
  /// Kernel `loqt_binary_rows_f32`.
  public static func _binaryRows(
    _ operation: Int32, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>, _ rows: Int, _ cols: Int
  ) {
    loqt_binary_rows_f32(operation, a, b, out, rows, cols)
  }
  /// Kernel `loqt_unary_f32`.
  public static func _unary(
    _ operation: Int32, _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    loqt_unary_f32(operation, x, out, n)
  }
  /// Kernel `loqt_unary_gradient_f32`.
  public static func _unaryGradient(
    _ operation: Int32, _ x: UnsafePointer<Float>, _ g: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    loqt_unary_gradient_f32(operation, x, g, dx, n)
  }
  /// Kernel `loqt_scale_add_f32`.
  public static func _scaleAdd(
    _ alpha: Float, _ x: UnsafePointer<Float>, _ beta: Float, _ y: UnsafeMutablePointer<Float>,
    _ n: Int
  ) {
    loqt_scale_add_f32(alpha, x, beta, y, n)
  }
  /// Kernel `loqt_multiply_add_f32`.
  public static func _multiplyAdd(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    loqt_multiply_add_f32(a, b, y, n)
  }
  /// Kernel `loqt_fill_f32`.
  public static func _fill(_ value: Float, _ out: UnsafeMutablePointer<Float>, _ n: Int) {
    loqt_fill_f32(value, out, n)
  }
  /// Kernel `loqt_swiglu_f32`.
  public static func _swiglu(
    _ gate: UnsafePointer<Float>, _ up: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>,
    _ n: Int
  ) {
    loqt_swiglu_f32(gate, up, out, n)
  }
  /// Kernel `loqt_swiglu_gradient_f32`.
  public static func _swigluGradient(
    _ gate: UnsafePointer<Float>, _ up: UnsafePointer<Float>, _ g: UnsafePointer<Float>,
    _ dgate: UnsafeMutablePointer<Float>, _ dup: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    loqt_swiglu_gradient_f32(gate, up, g, dgate, dup, n)
  }
}

extension Double: ElementwiseScalar {
  /// Kernel `loqt_binary_f64`.
  public static func _binary(
    _ operation: Int32, _ a: UnsafePointer<Double>, _ aStep: Int, _ b: UnsafePointer<Double>,
    _ bStep: Int, _ out: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    loqt_binary_f64(operation, a, aStep, b, bStep, out, n)
  }
  /// Kernel `loqt_binary_rows_f64`.
  public static func _binaryRows(
    _ operation: Int32, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>,
    _ out: UnsafeMutablePointer<Double>, _ rows: Int, _ cols: Int
  ) {
    loqt_binary_rows_f64(operation, a, b, out, rows, cols)
  }
  /// Kernel `loqt_unary_f64`.
  public static func _unary(
    _ operation: Int32, _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    loqt_unary_f64(operation, x, out, n)
  }
  /// Kernel `loqt_unary_gradient_f64`.
  public static func _unaryGradient(
    _ operation: Int32, _ x: UnsafePointer<Double>, _ g: UnsafePointer<Double>,
    _ dx: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    loqt_unary_gradient_f64(operation, x, g, dx, n)
  }
  /// Kernel `loqt_scale_add_f64`.
  public static func _scaleAdd(
    _ alpha: Double, _ x: UnsafePointer<Double>, _ beta: Double,
    _ y: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    loqt_scale_add_f64(alpha, x, beta, y, n)
  }
  /// Kernel `loqt_multiply_add_f64`.
  public static func _multiplyAdd(
    _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>,
    _ n: Int
  ) {
    loqt_multiply_add_f64(a, b, y, n)
  }
  /// Kernel `loqt_fill_f64`.
  public static func _fill(_ value: Double, _ out: UnsafeMutablePointer<Double>, _ n: Int) {
    loqt_fill_f64(value, out, n)
  }
  /// Kernel `loqt_swiglu_f64`.
  public static func _swiglu(
    _ gate: UnsafePointer<Double>, _ up: UnsafePointer<Double>,
    _ out: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    loqt_swiglu_f64(gate, up, out, n)
  }
  /// Kernel `loqt_swiglu_gradient_f64`.
  public static func _swigluGradient(
    _ gate: UnsafePointer<Double>, _ up: UnsafePointer<Double>, _ g: UnsafePointer<Double>,
    _ dgate: UnsafeMutablePointer<Double>, _ dup: UnsafeMutablePointer<Double>, _ n: Int
  ) {
    loqt_swiglu_gradient_f64(gate, up, g, dgate, dup, n)
  }
}
