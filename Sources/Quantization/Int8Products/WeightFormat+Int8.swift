internal import CKernels

extension WeightFormat {
  /// The integer that the largest magnitude of 64 elements of a row becomes in 8-bit arithmetic: the
  /// one with which the levels of a format in 4 bits are nearest to integers, as the largest level
  /// is among nearly all 64 elements.
  ///
  /// The levels of NF4 are off by .0033 of their norm with 112, by .0042 with 127. Those of FP4 are
  /// multiples of 1/12 but for 1/192; equal distances have a largest level of 7 or 8.
  var largestCode: Float {
    switch self {
    case .nf4, .gguf(.q4_0), .gguf(.q4_1): 112
    case .fp4: 120
    case .affine(let scheme): scheme.bits == .four ? 112 : Float(LOQT_INT8_TOP)
    case .float32, .int8Blocks, .gguf(.q8_0): Float(LOQT_INT8_TOP)
    }
  }
}
