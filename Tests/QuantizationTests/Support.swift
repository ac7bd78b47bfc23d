import CKernels
import Tensors

@testable import Quantization

/// Runs `body` once with each instruction set this processor has.
func withEveryInstructionSet(_ body: (Int32) throws -> Void) rethrows {
  defer { loqt_force_instruction_set(loqt_best_instruction_set()) }
  for level in Int32(LOQT_PLAIN)...loqt_best_instruction_set() {
    loqt_force_instruction_set(level)
    if loqt_instruction_set() == level { try body(level) }
  }
}

func normal(_ shape: Shape, seed: UInt64 = 1) -> Tensor<Float> {
  var source = RandomSource(seed: seed)
  return .normal(shape, standardDeviation: 0.02, using: &source)
}

/// The bits, so that NaN, and the signs of zeros, compare.
func bits(_ tensor: Tensor<Float>) -> [UInt32] { tensor.scalars.map(\.bitPattern) }

/// `|x|`.
func magnitudes(_ tensor: Tensor<Float>) -> Tensor<Float> {
  Tensor(tensor.scalars.map(abs), shape: tensor.shape)
}

extension NF4Tensor {
  /// Equal codes, and scales equal to the bit.
  func isIdentical(to other: NF4Tensor) -> Bool {
    guard shape == other.shape, format == other.format, codes == other.codes else { return false }
    switch (scales, other.scales) {
    case (.float32(let a), .float32(let b)): return bits(a) == bits(b)
    case (.doubleQuantized(let c, let a, let o), .doubleQuantized(let d, let b, let p)):
      return c == d && bits(a) == bits(b) && o.bitPattern == p.bitPattern
    default: return false
    }
  }
}
