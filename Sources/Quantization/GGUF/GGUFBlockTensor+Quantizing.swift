internal import CKernels
import Tensors

extension GGUFBlockTensor: BlockwiseTensor {
  /// Quantises the parts that `fill` hands over; see `take`.
  init(
    shape: Shape, block: GGUFBlock, rounding random: RandomSource?,
    _ fill: (_ append: (Tensor<Float>) -> Void) throws -> Void
  ) rethrows {
    self.shape = shape
    self.block = block
    blocks = Tensor(
      unsafeUninitializedShape: [block.byteCount(elementCount: shape.elementCount)]) { _ in }
    try take(rounding: random, fill)
  }

  var unitSize: Int { GGUFBlock.elementCount }

  mutating func quantize(
    _ x: UnsafePointer<Float>, count: Int, at start: Int, rounding random: inout RandomSource?
  ) {
    let (block, size) = (block, unitSize)
    blocks.withMutablePointer { bytes in
      forEachPart(of: count, unit: size, &random) { part, draws in
        loqt_gguf_quantize(
          block.kernelKind, x + part.lowerBound, draws, part.count,
          bytes + (start + part.lowerBound) / size * block.byteCount)
      }
    }
  }
}
