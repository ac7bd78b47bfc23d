import Tensors

@testable import Quantization

/// Formats of every kind, for statements about all of them.
enum FormatCases {
  static let quantized: [WeightFormat] = [
    "nf4-64", "nf4-64-double", "nf4-32", "nf4-4096-double", "fp4-64", "fp4-128-double",
    "dynamic8-256-signed", "dynamic8-32-signed", "int8-symmetric-tensor", "int8-symmetric-row",
    "int8-symmetric-column", "int8-symmetric-group32", "int8-asymmetric-tensor",
    "int8-asymmetric-row", "int8-asymmetric-column", "int8-asymmetric-group7",
    "int4-symmetric-tensor", "int4-symmetric-row", "int4-symmetric-column",
    "int4-symmetric-group32", "int4-asymmetric-tensor", "int4-asymmetric-row",
    "int4-asymmetric-column", "int4-asymmetric-group7", "q8_0", "q4_0", "q4_1",
  ].map { WeightFormat(name: $0)! }

  /// These, and formats for numbers of one sign.
  static let all = quantized + [WeightFormat(name: "dynamic8-256-unsigned")!]

  /// The largest error of an element that a format states, over the largest magnitude of the matrix.
  static func errorBound(_ format: WeightFormat) -> Float {
    switch format {
    case .float32: 0
    case .nf4(_, let isDouble): 0.152 + (isDouble ? 0.0071 : 0)
    case .fp4(_, let isDouble): 0.167 + (isDouble ? 0.0071 : 0)
    case .int8Blocks: 0.0071
    case .affine(let scheme):
      // Half a step; symmetric 1 / Qp of the magnitude, asymmetric of the range, twice that at most,
      // and the zero is rounded to a step.
      switch (scheme.bits, scheme.symmetry) {
      case (.eight, .symmetric): 0.5 / 127
      case (.eight, .asymmetric): 1.001 / 255
      case (.four, .symmetric): 0.5 / 7
      case (.four, .asymmetric): 1.001 / 15
      }
    case .gguf(.q8_0): 0.0045
    case .gguf(.q4_0): 0.126
    case .gguf(.q4_1): 0.034 * 2 + 0x1p-11
    }
  }

  /// The largest change of an element when its matrix is quantised again, over the largest magnitude.
  static func driftBound(_ format: WeightFormat) -> Float {
    switch format {
    case .float32, .nf4(_, doubleQuantized: false), .fp4(_, doubleQuantized: false): 0
    case .nf4, .fp4: 0.0071
    // The largest magnitude of a block shrinks to 0.993 where it is negative.
    case .int8Blocks: 0.0142
    case .affine(let scheme): 0.05 * 2 / (scheme.bits == .eight ? 127 : 7)
    case .gguf(.q8_0), .gguf(.q4_0): 0
    case .gguf(.q4_1): 0x1p-20
    }
  }
}
