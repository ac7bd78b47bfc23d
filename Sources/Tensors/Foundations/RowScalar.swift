internal import CKernels

/// Kernels over the rows of a `[rows, cols]` array. Each requirement runs one of them.
public protocol RowScalar {
  /// Kernel `loqt_softmax_rows`.
  static func _softmaxRows(
    _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>, _ rows: Int, _ cols: Int
  )
  /// Kernel `loqt_softmax_rows_gradient`.
  static func _softmaxRowsGradient(
    _ y: UnsafePointer<Self>, _ g: UnsafePointer<Self>, _ dx: UnsafeMutablePointer<Self>,
    _ rows: Int, _ cols: Int
  )
  /// Kernel `loqt_logsumexp_rows`.
  static func _logsumexpRows(
    _ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Self>, _ rows: Int, _ cols: Int
  )
  /// Kernel `loqt_rms_norm`.
  static func _rmsNorm(
    _ x: UnsafePointer<Self>, _ w: UnsafePointer<Self>, _ epsilon: Self,
    _ y: UnsafeMutablePointer<Self>, _ inverse: UnsafeMutablePointer<Self>, _ rows: Int,
    _ cols: Int
  )
  /// Kernel `loqt_rms_norm_gradient`.
  static func _rmsNormGradient(
    _ x: UnsafePointer<Self>, _ w: UnsafePointer<Self>, _ inverse: UnsafePointer<Self>,
    _ g: UnsafePointer<Self>, _ dx: UnsafeMutablePointer<Self>, _ dw: UnsafeMutablePointer<Self>,
    _ rows: Int, _ cols: Int
  )
  /// Kernel `loqt_layer_norm`.
  static func _layerNorm(
    _ x: UnsafePointer<Self>, _ w: UnsafePointer<Self>, _ b: UnsafePointer<Self>?, _ epsilon: Self,
    _ y: UnsafeMutablePointer<Self>, _ mean: UnsafeMutablePointer<Self>,
    _ inverse: UnsafeMutablePointer<Self>, _ rows: Int, _ cols: Int
  )
  /// Kernel `loqt_layer_norm_gradient`.
  static func _layerNormGradient(
    _ x: UnsafePointer<Self>, _ w: UnsafePointer<Self>, _ mean: UnsafePointer<Self>,
    _ inverse: UnsafePointer<Self>, _ g: UnsafePointer<Self>, _ dx: UnsafeMutablePointer<Self>,
    _ dw: UnsafeMutablePointer<Self>, _ db: UnsafeMutablePointer<Self>, _ rows: Int, _ cols: Int
  )
  /// Kernel `loqt_cross_entropy_rows`.
  static func _crossEntropyRows(
    _ logits: UnsafeMutablePointer<Self>, _ labels: UnsafePointer<Int32>, _ ignored: Int32,
    _ scale: Self, _ writeGradient: Bool, _ loss: UnsafeMutablePointer<Self>, _ rows: Int,
    _ cols: Int
  )
  /// Kernel `loqt_gather_rows`.
  static func _gatherRows(
    _ table: UnsafePointer<Self>, _ index: UnsafePointer<Int32>,
    _ out: UnsafeMutablePointer<Self>, _ n: Int, _ cols: Int
  )
  /// Kernel `loqt_scatter_add_rows`.
  static func _scatterAddRows(
    _ x: UnsafePointer<Self>, _ index: UnsafePointer<Int32>, _ table: UnsafeMutablePointer<Self>,
    _ n: Int, _ cols: Int
  )
}

extension Float: RowScalar {
  /// Kernel `loqt_softmax_rows_f32`.
  public static func _softmaxRows(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ rows: Int, _ cols: Int
  ) {
    loqt_softmax_rows_f32(x, y, rows, cols)
  }
  /// Kernel `loqt_softmax_rows_gradient_f32`.
  public static func _softmaxRowsGradient(
    _ y: UnsafePointer<Float>, _ g: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
    _ rows: Int, _ cols: Int
  ) {
    loqt_softmax_rows_gradient_f32(y, g, dx, rows, cols)
  }
  /// Kernel `loqt_logsumexp_rows_f32`.
  public static func _logsumexpRows(
    _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float>, _ rows: Int, _ cols: Int
  ) {
    loqt_logsumexp_rows_f32(x, out, rows, cols)
  }
  /// Kernel `loqt_rms_norm_f32`.
  public static func _rmsNorm(
    _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ epsilon: Float,
    _ y: UnsafeMutablePointer<Float>, _ inverse: UnsafeMutablePointer<Float>, _ rows: Int,
    _ cols: Int
  ) {
    loqt_rms_norm_f32(x, w, epsilon, y, inverse, rows, cols)
  }
  /// Kernel `loqt_rms_norm_gradient_f32`.
  public static func _rmsNormGradient(
    _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ inverse: UnsafePointer<Float>,
    _ g: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
    _ dw: UnsafeMutablePointer<Float>, _ rows: Int, _ cols: Int
  ) {
    loqt_rms_norm_gradient_f32(x, w, inverse, g, dx, dw, rows, cols)
  }
  /// Kernel `loqt_layer_norm_f32`.
  public static func _layerNorm(
    _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ b: UnsafePointer<Float>?,
    _ epsilon: Float, _ y: UnsafeMutablePointer<Float>, _ mean: UnsafeMutablePointer<Float>,
    _ inverse: UnsafeMutablePointer<Float>, _ rows: Int, _ cols: Int
  ) {
    loqt_layer_norm_f32(x, w, b, epsilon, y, mean, inverse, rows, cols)
  }
  /// Kernel `loqt_layer_norm_gradient_f32`.
  public static func _layerNormGradient(
    _ x: UnsafePointer<Float>, _ w: UnsafePointer<Float>, _ mean: UnsafePointer<Float>,
    _ inverse: UnsafePointer<Float>, _ g: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, _ dw: UnsafeMutablePointer<Float>,
    _ db: UnsafeMutablePointer<Float>, _ rows: Int, _ cols: Int
  ) {
    loqt_layer_norm_gradient_f32(x, w, mean, inverse, g, dx, dw, db, rows, cols)
  }
  /// Kernel `loqt_cross_entropy_rows_f32`.
  public static func _crossEntropyRows(
    _ logits: UnsafeMutablePointer<Float>, _ labels: UnsafePointer<Int32>, _ ignored: Int32,
    _ scale: Float, _ writeGradient: Bool, _ loss: UnsafeMutablePointer<Float>, _ rows: Int,
    _ cols: Int
  ) {
    loqt_cross_entropy_rows_f32(logits, labels, ignored, scale, writeGradient, loss, rows, cols)
  }
  /// Kernel `loqt_gather_rows_f32`.
  public static func _gatherRows(
    _ table: UnsafePointer<Float>, _ index: UnsafePointer<Int32>,
    _ out: UnsafeMutablePointer<Float>, _ n: Int, _ cols: Int
  ) {
    loqt_gather_rows_f32(table, index, out, n, cols)
  }
  /// Kernel `loqt_scatter_add_rows_f32`.
  public static func _scatterAddRows(
    _ x: UnsafePointer<Float>, _ index: UnsafePointer<Int32>,
    _ table: UnsafeMutablePointer<Float>, _ n: Int, _ cols: Int
  ) {
    loqt_scatter_add_rows_f32(x, index, table, n, cols)
  }
}

extension Double: RowScalar {
  /// Kernel `loqt_softmax_rows_f64`.
  public static func _softmaxRows(
    _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>, _ rows: Int, _ cols: Int
  ) {
    loqt_softmax_rows_f64(x, y, rows, cols)
  }
  /// Kernel `loqt_softmax_rows_gradient_f64`.
  public static func _softmaxRowsGradient(
    _ y: UnsafePointer<Double>, _ g: UnsafePointer<Double>, _ dx: UnsafeMutablePointer<Double>,
    _ rows: Int, _ cols: Int
  ) {
    loqt_softmax_rows_gradient_f64(y, g, dx, rows, cols)
  }
  /// Kernel `loqt_logsumexp_rows_f64`.
  public static func _logsumexpRows(
    _ x: UnsafePointer<Double>, _ out: UnsafeMutablePointer<Double>, _ rows: Int, _ cols: Int
  ) {
    loqt_logsumexp_rows_f64(x, out, rows, cols)
  }
  /// Kernel `loqt_rms_norm_f64`.
  public static func _rmsNorm(
    _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ epsilon: Double,
    _ y: UnsafeMutablePointer<Double>, _ inverse: UnsafeMutablePointer<Double>, _ rows: Int,
    _ cols: Int
  ) {
    loqt_rms_norm_f64(x, w, epsilon, y, inverse, rows, cols)
  }
  /// Kernel `loqt_rms_norm_gradient_f64`.
  public static func _rmsNormGradient(
    _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ inverse: UnsafePointer<Double>,
    _ g: UnsafePointer<Double>, _ dx: UnsafeMutablePointer<Double>,
    _ dw: UnsafeMutablePointer<Double>, _ rows: Int, _ cols: Int
  ) {
    loqt_rms_norm_gradient_f64(x, w, inverse, g, dx, dw, rows, cols)
  }
  /// Kernel `loqt_layer_norm_f64`.
  public static func _layerNorm(
    _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ b: UnsafePointer<Double>?,
    _ epsilon: Double, _ y: UnsafeMutablePointer<Double>, _ mean: UnsafeMutablePointer<Double>,
    _ inverse: UnsafeMutablePointer<Double>, _ rows: Int, _ cols: Int
  ) {
    loqt_layer_norm_f64(x, w, b, epsilon, y, mean, inverse, rows, cols)
  }
  /// Kernel `loqt_layer_norm_gradient_f64`.
  public static func _layerNormGradient(
    _ x: UnsafePointer<Double>, _ w: UnsafePointer<Double>, _ mean: UnsafePointer<Double>,
    _ inverse: UnsafePointer<Double>, _ g: UnsafePointer<Double>,
    _ dx: UnsafeMutablePointer<Double>, _ dw: UnsafeMutablePointer<Double>,
    _ db: UnsafeMutablePointer<Double>, _ rows: Int, _ cols: Int
  ) {
    loqt_layer_norm_gradient_f64(x, w, mean, inverse, g, dx, dw, db, rows, cols)
  }
  /// Kernel `loqt_cross_entropy_rows_f64`.
  public static func _crossEntropyRows(
    _ logits: UnsafeMutablePointer<Double>, _ labels: UnsafePointer<Int32>, _ ignored: Int32,
    _ scale: Double, _ writeGradient: Bool, _ loss: UnsafeMutablePointer<Double>, _ rows: Int,
    _ cols: Int
  ) {
    loqt_cross_entropy_rows_f64(logits, labels, ignored, scale, writeGradient, loss, rows, cols)
  }
  /// Kernel `loqt_gather_rows_f64`.
  public static func _gatherRows(
    _ table: UnsafePointer<Double>, _ index: UnsafePointer<Int32>,
    _ out: UnsafeMutablePointer<Double>, _ n: Int, _ cols: Int
  ) {
    loqt_gather_rows_f64(table, index, out, n, cols)
  }
  /// Kernel `loqt_scatter_add_rows_f64`.
  public static func _scatterAddRows(
    _ x: UnsafePointer<Double>, _ index: UnsafePointer<Int32>,
    _ table: UnsafeMutablePointer<Double>, _ n: Int, _ cols: Int
  ) {
    loqt_scatter_add_rows_f64(x, index, table, n, cols)
  }
}
