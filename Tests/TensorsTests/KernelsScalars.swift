import CKernels

extension Float: KernelScalar {
  func sameBits(as other: Float) -> Bool {
    bitPattern == other.bitPattern || isNaN && other.isNaN
  }
  static var binary: (Int32, In, Int, In, Int, Out, Int) -> Void { loqt_binary_f32 }
  static var unary: (Int32, In, Out, Int) -> Void { loqt_unary_f32 }
  static var unaryGradient: (Int32, In, In, Out, Int) -> Void { loqt_unary_gradient_f32 }
  static var scaleAdd: (Float, In, Float, Out, Int) -> Void { loqt_scale_add_f32 }
  static var multiplyAdd: (In, In, Out, Int) -> Void { loqt_multiply_add_f32 }
  static var binaryRows: (Int32, In, In, Out, Int, Int) -> Void { loqt_binary_rows_f32 }
  static var fill: (Float, Out, Int) -> Void { loqt_fill_f32 }
  static var select: (UnsafePointer<UInt8>, In, In, Out, Int) -> Void { loqt_select_f32 }
  static var sum: (In, Int) -> Double { loqt_sum_f32 }
  static var dot: (In, In, Int) -> Double { loqt_dot_f32 }
  static var sumOfSquares: (In, Int) -> Double { loqt_sum_of_squares_f32 }
  static var maximum: (In, Int) -> Float { loqt_maximum_f32 }
  static var minimum: (In, Int) -> Float { loqt_minimum_f32 }
  static var maximumMagnitude: (In, Int) -> Float { loqt_maximum_magnitude_f32 }
  static var allFinite: (In, Int) -> Bool { loqt_all_finite_f32 }
  static var addColumnSums: (In, Int, Int, Int, Out) -> Void { loqt_add_column_sums_f32 }
  static var softmaxRows: (In, Out, Int, Int) -> Void { loqt_softmax_rows_f32 }
  static var softmaxRowsGradient: (In, In, Out, Int, Int) -> Void { loqt_softmax_rows_gradient_f32 }
  static var logsumexpRows: (In, Out, Int, Int) -> Void { loqt_logsumexp_rows_f32 }
  static var rmsNorm: (In, In, Float, Out, Out, Int, Int) -> Void { loqt_rms_norm_f32 }
  static var rmsNormGradient: (In, In, In, In, Out, Out, Int, Int) -> Void {
    loqt_rms_norm_gradient_f32
  }
  static var layerNorm: (In, In, In?, Float, Out, Out, Out, Int, Int) -> Void {
    loqt_layer_norm_f32
  }
  static var layerNormGradient: (In, In, In, In, In, Out, Out, Out, Int, Int) -> Void {
    loqt_layer_norm_gradient_f32
  }
  static var swiglu: (In, In, Out, Int) -> Void { loqt_swiglu_f32 }
  static var swigluGradient: (In, In, In, Out, Out, Int) -> Void { loqt_swiglu_gradient_f32 }
  static var rotary: (Out, UnsafePointer<Int32>, In, In, Float, Int, Int, Int, Int) -> Void {
    loqt_rotary_f32
  }
  static var crossEntropyRows:
    (Out, UnsafePointer<Int32>, Int32, Float, Bool, Out, Int, Int) -> Void
  { loqt_cross_entropy_rows_f32 }
  static var gatherRows: (In, UnsafePointer<Int32>, Out, Int, Int) -> Void { loqt_gather_rows_f32 }
  static var scatterAddRows: (In, UnsafePointer<Int32>, Out, Int, Int) -> Void {
    loqt_scatter_add_rows_f32
  }
  static var transpose: (In, Int, Out, Int, Int, Int) -> Void { loqt_transpose_f32 }
}

extension Double: KernelScalar {
  func sameBits(as other: Double) -> Bool {
    bitPattern == other.bitPattern || isNaN && other.isNaN
  }
  static var binary: (Int32, In, Int, In, Int, Out, Int) -> Void { loqt_binary_f64 }
  static var unary: (Int32, In, Out, Int) -> Void { loqt_unary_f64 }
  static var unaryGradient: (Int32, In, In, Out, Int) -> Void { loqt_unary_gradient_f64 }
  static var scaleAdd: (Double, In, Double, Out, Int) -> Void { loqt_scale_add_f64 }
  static var multiplyAdd: (In, In, Out, Int) -> Void { loqt_multiply_add_f64 }
  static var binaryRows: (Int32, In, In, Out, Int, Int) -> Void { loqt_binary_rows_f64 }
  static var fill: (Double, Out, Int) -> Void { loqt_fill_f64 }
  static var select: (UnsafePointer<UInt8>, In, In, Out, Int) -> Void { loqt_select_f64 }
  static var sum: (In, Int) -> Double { loqt_sum_f64 }
  static var dot: (In, In, Int) -> Double { loqt_dot_f64 }
  static var sumOfSquares: (In, Int) -> Double { loqt_sum_of_squares_f64 }
  static var maximum: (In, Int) -> Double { loqt_maximum_f64 }
  static var minimum: (In, Int) -> Double { loqt_minimum_f64 }
  static var maximumMagnitude: (In, Int) -> Double { loqt_maximum_magnitude_f64 }
  static var allFinite: (In, Int) -> Bool { loqt_all_finite_f64 }
  static var addColumnSums: (In, Int, Int, Int, Out) -> Void { loqt_add_column_sums_f64 }
  static var softmaxRows: (In, Out, Int, Int) -> Void { loqt_softmax_rows_f64 }
  static var softmaxRowsGradient: (In, In, Out, Int, Int) -> Void { loqt_softmax_rows_gradient_f64 }
  static var logsumexpRows: (In, Out, Int, Int) -> Void { loqt_logsumexp_rows_f64 }
  static var rmsNorm: (In, In, Double, Out, Out, Int, Int) -> Void { loqt_rms_norm_f64 }
  static var rmsNormGradient: (In, In, In, In, Out, Out, Int, Int) -> Void {
    loqt_rms_norm_gradient_f64
  }
  static var layerNorm: (In, In, In?, Double, Out, Out, Out, Int, Int) -> Void {
    loqt_layer_norm_f64
  }
  static var layerNormGradient: (In, In, In, In, In, Out, Out, Out, Int, Int) -> Void {
    loqt_layer_norm_gradient_f64
  }
  static var swiglu: (In, In, Out, Int) -> Void { loqt_swiglu_f64 }
  static var swigluGradient: (In, In, In, Out, Out, Int) -> Void { loqt_swiglu_gradient_f64 }
  static var rotary: (Out, UnsafePointer<Int32>, In, In, Double, Int, Int, Int, Int) -> Void {
    loqt_rotary_f64
  }
  static var crossEntropyRows:
    (Out, UnsafePointer<Int32>, Int32, Double, Bool, Out, Int, Int) -> Void
  { loqt_cross_entropy_rows_f64 }
  static var gatherRows: (In, UnsafePointer<Int32>, Out, Int, Int) -> Void { loqt_gather_rows_f64 }
  static var scatterAddRows: (In, UnsafePointer<Int32>, Out, Int, Int) -> Void {
    loqt_scatter_add_rows_f64
  }
  static var transpose: (In, Int, Out, Int, Int, Int) -> Void { loqt_transpose_f64 }
}
