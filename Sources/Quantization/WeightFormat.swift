public import Tensors

/// How the elements of a weight matrix are stored.
public enum WeightFormat: Hashable, Sendable {
  /// 32-bit floats, 4 bytes per element.
  case float32
  /// 4-bit NormalFloat in blocks of consecutive elements (QLoRA, arXiv 2305.14314, section 3).
  ///
  /// `blockSize` is a power of two from 32 to 4096. With float scales and blocks of 64 it takes
  /// 0.5625 bytes per element; `doubleQuantized` stores the scales in 8 bits: 0.51587.
  case nf4(blockSize: Int = 64, doubleQuantized: Bool = true)
  /// 4-bit float as in bitsandbytes, otherwise as `nf4`; coarser on normal numbers.
  case fp4(blockSize: Int = 64, doubleQuantized: Bool = true)
  /// 8-bit codes of a dynamic map in blocks of consecutive elements (arXiv 2110.02861).
  ///
  /// `blockSize` is a power of two from 32 to 4096; 256 takes 1.0156 bytes per element.
  case int8Blocks(blockSize: Int = 256, map: DynamicMap = .signed)
  /// Integers of 4 or 8 bits at equal distances.
  case affine(AffineScheme)
  /// Blocks of 32 elements as in GGUF files.
  case gguf(GGUFBlock)

  /// The bytes a tensor of `shape` takes in this format, scales included.
  public func byteCount(shape: Shape) -> Int {
    let elementCount = shape.elementCount
    switch self {
    case .float32: return 4 * elementCount
    case .nf4(let blockSize, let doubleQuantized), .fp4(let blockSize, let doubleQuantized):
      let blocks = dividedUp(elementCount, by: blockSize)
      let scales =
        doubleQuantized ? blocks + 4 * dividedUp(blocks, by: DynamicMap.blockSize) + 4 : 4 * blocks
      return dividedUp(elementCount, by: 2) + scales
    case .int8Blocks(let blockSize, _):
      return elementCount + 4 * dividedUp(elementCount, by: blockSize)
    case .affine(let scheme): return scheme.byteCount(shape: shape)
    case .gguf(let block): return block.byteCount(elementCount: elementCount)
    }
  }
}

/// A quotient rounded up, for counts.
func dividedUp(_ count: Int, by size: Int) -> Int {
  count / size + (count % size == 0 ? 0 : 1)
}
