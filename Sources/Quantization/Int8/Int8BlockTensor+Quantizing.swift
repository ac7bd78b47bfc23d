internal import CKernels
import Tensors

extension Int8BlockTensor: BlockwiseTensor {
  /// Quantises the parts that `fill` hands over; see `take`.
  init(
    shape: Shape, map: DynamicMap, blockSize: Int, rounding random: RandomSource?,
    _ fill: (_ append: (Tensor<Float>) -> Void) throws -> Void
  ) rethrows {
    self.init(
      shape, map, blockSize: blockSize,
      codes: Tensor(unsafeUninitializedShape: [shape.elementCount]) { _ in })
    try take(rounding: random, fill)
  }

  var unitSize: Int { blockSize }

  mutating func quantize(
    _ x: UnsafePointer<Float>, count: Int, at start: Int, rounding random: inout RandomSource?
  ) {
    let (size, map) = (blockSize, map.kernelMap)
    withMutablePointers { codes, absmax in
      forEachPart(of: count, unit: size, &random) { part, draws in
        let first = start + part.lowerBound
        let (values, scales) = (x + part.lowerBound, absmax + first / size)
        loqt_map8_quantize(values, part.count, size, map, codes + first, scales)
        // Infinity times a value may be infinity; a broken block becomes NaN as a whole.
        for block in 0..<dividedUp(part.count, by: size) where !scales[block].isFinite {
          scales[block] = .nan
        }
        if let draws {
          loqt_map8_quantize_random(
            values, draws, part.count, size, map, scales, codes + first)
        }
      }
    }
  }

  mutating func withMutablePointers(
    _ body: (UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<Float>) -> Void
  ) {
    codes.withMutablePointer { codes in absmax.withMutablePointer { body(codes, $0) } }
  }
}
