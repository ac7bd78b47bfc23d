internal import CKernels

extension WeightFormat {
  /// The integer that the largest magnitude of 64 elements of a row becomes in 8-bit arithmetic.
  ///
  /// With 112 the levels of formats in 4 bits are nearer to integers than with 127: those of NF4 by
  /// a fifth on average, and multiples of the largest over 7 or 8 are integers.
  var largestCode: Float {
    switch self {
    case .nf4, .fp4, .gguf(.q4_0), .gguf(.q4_1): 112
    case .affine(let scheme): scheme.bits == .four ? 112 : Float(LOQT_INT8_TOP)
    case .float32, .int8Blocks, .gguf(.q8_0): Float(LOQT_INT8_TOP)
    }
  }
}
