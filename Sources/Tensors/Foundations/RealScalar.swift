internal import CKernels
internal import COpenBLAS

/// A floating-point scalar with kernels: Float or Double.
///
/// Every requirement with a leading underscore runs one kernel over whole buffers, so generic code
/// pays one witness call an operation. Conformances are the library's own.
public protocol RealScalar: TensorScalar, BinaryFloatingPoint, LAPACKScalar {
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
  /// Kernel `loqt_rotary`.
  static func _rotary(
    _ x: UnsafeMutablePointer<Self>, _ positions: UnsafePointer<Int32>,
    _ cosine: UnsafePointer<Self>, _ sine: UnsafePointer<Self>, _ direction: Self, _ tokens: Int,
    _ heads: Int, _ headSize: Int, _ stride: Int
  )
  /// Kernel `loqt_cross_entropy_rows`.
  static func _crossEntropyRows(
    _ logits: UnsafeMutablePointer<Self>, _ labels: UnsafePointer<Int32>, _ ignored: Int32,
    _ scale: Self, _ writeGradient: Bool, _ loss: UnsafeMutablePointer<Self>, _ rows: Int,
    _ cols: Int
  )
  /// Kernel `loqt_attention_softmax`.
  static func _attentionSoftmax(
    _ p: UnsafeMutablePointer<Self>, _ logsum: UnsafeMutablePointer<Self>, _ rows: Int,
    _ cols: Int, _ stride: Int, _ visible: Int, _ step: Int
  )
  /// Kernel `loqt_attention_probabilities`.
  static func _attentionProbabilities(
    _ p: UnsafeMutablePointer<Self>, _ logsum: UnsafePointer<Self>, _ rows: Int, _ cols: Int,
    _ stride: Int, _ visible: Int, _ step: Int
  )
  /// Kernel `loqt_attention_gradient`.
  static func _attentionGradient(
    _ p: UnsafePointer<Self>, _ g: UnsafeMutablePointer<Self>, _ rows: Int, _ cols: Int,
    _ stride: Int, _ visible: Int, _ step: Int
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
  /// Row-major `c = alpha op(a) op(b) + beta c` by OpenBLAS on the calling thread's settings.
  static func _gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Self,
    _ a: UnsafePointer<Self>, _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int, _ beta: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  )
}

extension Float: RealScalar {
  /// 0.
  public static var zeroScalar: Float { 0 }
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
  /// Kernel `loqt_rotary_f32`.
  public static func _rotary(
    _ x: UnsafeMutablePointer<Float>, _ positions: UnsafePointer<Int32>,
    _ cosine: UnsafePointer<Float>, _ sine: UnsafePointer<Float>, _ direction: Float,
    _ tokens: Int, _ heads: Int, _ headSize: Int, _ stride: Int
  ) {
    loqt_rotary_f32(x, positions, cosine, sine, direction, tokens, heads, headSize, stride)
  }
  /// Kernel `loqt_cross_entropy_rows_f32`.
  public static func _crossEntropyRows(
    _ logits: UnsafeMutablePointer<Float>, _ labels: UnsafePointer<Int32>, _ ignored: Int32,
    _ scale: Float, _ writeGradient: Bool, _ loss: UnsafeMutablePointer<Float>, _ rows: Int,
    _ cols: Int
  ) {
    loqt_cross_entropy_rows_f32(logits, labels, ignored, scale, writeGradient, loss, rows, cols)
  }
  /// Kernel `loqt_attention_softmax_f32`.
  public static func _attentionSoftmax(
    _ p: UnsafeMutablePointer<Float>, _ logsum: UnsafeMutablePointer<Float>, _ rows: Int,
    _ cols: Int, _ stride: Int, _ visible: Int, _ step: Int
  ) {
    loqt_attention_softmax_f32(p, logsum, rows, cols, stride, visible, step)
  }
  /// Kernel `loqt_attention_probabilities_f32`.
  public static func _attentionProbabilities(
    _ p: UnsafeMutablePointer<Float>, _ logsum: UnsafePointer<Float>, _ rows: Int, _ cols: Int,
    _ stride: Int, _ visible: Int, _ step: Int
  ) {
    loqt_attention_probabilities_f32(p, logsum, rows, cols, stride, visible, step)
  }
  /// Kernel `loqt_attention_gradient_f32`.
  public static func _attentionGradient(
    _ p: UnsafePointer<Float>, _ g: UnsafeMutablePointer<Float>, _ rows: Int, _ cols: Int,
    _ stride: Int, _ visible: Int, _ step: Int
  ) {
    loqt_attention_gradient_f32(p, g, rows, cols, stride, visible, step)
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
  /// `cblas_sgemm`.
  public static func _gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Float,
    _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int, _ beta: Float,
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c,
      blasint(ldc))
  }
}

extension Double: RealScalar {
  /// 0.
  public static var zeroScalar: Double { 0 }
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
  /// Kernel `loqt_rotary_f64`.
  public static func _rotary(
    _ x: UnsafeMutablePointer<Double>, _ positions: UnsafePointer<Int32>,
    _ cosine: UnsafePointer<Double>, _ sine: UnsafePointer<Double>, _ direction: Double,
    _ tokens: Int, _ heads: Int, _ headSize: Int, _ stride: Int
  ) {
    loqt_rotary_f64(x, positions, cosine, sine, direction, tokens, heads, headSize, stride)
  }
  /// Kernel `loqt_cross_entropy_rows_f64`.
  public static func _crossEntropyRows(
    _ logits: UnsafeMutablePointer<Double>, _ labels: UnsafePointer<Int32>, _ ignored: Int32,
    _ scale: Double, _ writeGradient: Bool, _ loss: UnsafeMutablePointer<Double>, _ rows: Int,
    _ cols: Int
  ) {
    loqt_cross_entropy_rows_f64(logits, labels, ignored, scale, writeGradient, loss, rows, cols)
  }
  /// Kernel `loqt_attention_softmax_f64`.
  public static func _attentionSoftmax(
    _ p: UnsafeMutablePointer<Double>, _ logsum: UnsafeMutablePointer<Double>, _ rows: Int,
    _ cols: Int, _ stride: Int, _ visible: Int, _ step: Int
  ) {
    loqt_attention_softmax_f64(p, logsum, rows, cols, stride, visible, step)
  }
  /// Kernel `loqt_attention_probabilities_f64`.
  public static func _attentionProbabilities(
    _ p: UnsafeMutablePointer<Double>, _ logsum: UnsafePointer<Double>, _ rows: Int, _ cols: Int,
    _ stride: Int, _ visible: Int, _ step: Int
  ) {
    loqt_attention_probabilities_f64(p, logsum, rows, cols, stride, visible, step)
  }
  /// Kernel `loqt_attention_gradient_f64`.
  public static func _attentionGradient(
    _ p: UnsafePointer<Double>, _ g: UnsafeMutablePointer<Double>, _ rows: Int, _ cols: Int,
    _ stride: Int, _ visible: Int, _ step: Int
  ) {
    loqt_attention_gradient_f64(p, g, rows, cols, stride, visible, step)
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
  /// `cblas_dgemm`.
  public static func _gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Double,
    _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int, _ beta: Double,
    _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c,
      blasint(ldc))
  }
}
