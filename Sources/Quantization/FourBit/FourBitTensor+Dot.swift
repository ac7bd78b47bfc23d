import CKernels
import Tensors

extension FourBitTensor {
  /// `out = keeping * out + scale * x wᵀ` for x `[rows, in]` of at most eight rows: dot products
  /// straight from the codes, which read each once and write no element of the matrix to memory.
  ///
  /// False, with nothing done, for more rows, and where `in` is not a multiple of 128 and of the
  /// block size, and without vector instructions that look up levels.
  public func _addProduct(
    _ x: UnsafePointer<Float>, rows: Int, transposed: Bool, scale: Float, keeping: Float,
    into out: UnsafeMutablePointer<Float>
  ) -> Bool {
    let (height, columns) = (shape[0], shape[1])
    guard transposed, loqt_instruction_set() != Int32(LOQT_PLAIN), (1...8).contains(rows),
      columns > 0,
      columns % 128 == 0, columns % blockSize == 0
    else {
      return false
    }
    let blocks = columns / blockSize
    // So few rows at a time that their scales as floats stay on the stack.
    let batch = max(1, 1024 / blocks)
    var arranged = Tensor<Float>(unsafeUninitializedShape: [rows * columns]) { _ in }
    arranged.withMutablePointer { arranged in
      loqt_code4_arrange(x, rows, columns, arranged)
      codes.withPointer { codes in
        parallelFor(height, grain: max(1, (1 << 16) / columns)) { part in
          for first in stride(from: part.lowerBound, to: part.upperBound, by: batch) {
            let count = min(batch, part.upperBound - first)
            scales.withValues(of: first * blocks..<(first + count) * blocks) { scales in
              loqt_code4_dot(
                Codebook._kernel, codes + first * columns / 2, scales, count, columns, blockSize,
                arranged, rows, scale, keeping, out + first, height)
            }
          }
        }
      }
    }
    return true
  }
}
