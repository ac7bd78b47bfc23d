internal import CKernels

/// The kernels of attention. Each requirement runs one of them over whole buffers.
public protocol AttentionScalar {
  /// Kernel `loqt_rotary`.
  static func _rotary(
    _ x: UnsafeMutablePointer<Self>, _ positions: UnsafePointer<Int32>,
    _ cosine: UnsafePointer<Self>, _ sine: UnsafePointer<Self>, _ direction: Self, _ tokens: Int,
    _ heads: Int, _ headSize: Int, _ stride: Int
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
}

extension Float: AttentionScalar {
  /// Kernel `loqt_rotary_f32`.
  public static func _rotary(
    _ x: UnsafeMutablePointer<Float>, _ positions: UnsafePointer<Int32>,
    _ cosine: UnsafePointer<Float>, _ sine: UnsafePointer<Float>, _ direction: Float,
    _ tokens: Int, _ heads: Int, _ headSize: Int, _ stride: Int
  ) {
    loqt_rotary_f32(x, positions, cosine, sine, direction, tokens, heads, headSize, stride)
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
}

extension Double: AttentionScalar {
  /// Kernel `loqt_rotary_f64`.
  public static func _rotary(
    _ x: UnsafeMutablePointer<Double>, _ positions: UnsafePointer<Int32>,
    _ cosine: UnsafePointer<Double>, _ sine: UnsafePointer<Double>, _ direction: Double,
    _ tokens: Int, _ heads: Int, _ headSize: Int, _ stride: Int
  ) {
    loqt_rotary_f64(x, positions, cosine, sine, direction, tokens, heads, headSize, stride)
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
}
