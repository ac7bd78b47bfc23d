internal import CKernels
public import Tensors

extension GGUFBlockTensor {
  /// Quantises a tensor that arrives part by part, so that it never lies whole in float.
  ///
  /// However the elements are cut, the result is that of quantising them at once.
  public struct Builder: ~Copyable, QuantizedTensorBuilder {
    private var cutter: BlockCutter
    private var tensor: GGUFBlockTensor
    private var random: RandomSource?
    private var quantizedCount = 0

    /// A builder of a tensor of `shape`. With a generator in `rounding` an element becomes one of its
    /// two neighbouring levels at random, else the nearest.
    public init(shape: Shape, block: GGUFBlock, rounding random: RandomSource? = nil) {
      tensor = GGUFBlockTensor(shape: shape, block: block)
      cutter = BlockCutter(
        elementCount: shape.elementCount, blockSize: GGUFBlock.elementCount)
      self.random = random
    }

    /// Takes the elements that follow, in row-major order. Traps when they are more than the shape
    /// has.
    public mutating func append(_ x: Tensor<Float>) {
      var cutter = cutter
      x.withPointer { elements in
        cutter.append(elements, count: x.elementCount) { quantize($0, count: $1) }
      }
      self.cutter = cutter
    }

    /// The quantised tensor. Traps unless all elements of the shape have been appended.
    public consuming func finish() -> GGUFBlockTensor {
      var cutter = cutter
      cutter.finish { quantize($0, count: $1) }
      return tensor
    }

    /// Whole blocks, or the short last one.
    private mutating func quantize(_ x: UnsafePointer<Float>, count: Int) {
      let (block, size) = (tensor.block, GGUFBlock.elementCount)
      let firstBlock = quantizedCount / size
      var random = random
      tensor.blocks.withMutablePointer { bytes in
        forEachBatch(of: dividedUp(count, by: size), columns: size, &random) { batch, draws in
          parallelFor(batch.count, grain: elementwiseGrain / size) { part in
            let firstIndex = batch.lowerBound + part.lowerBound
            let values = x + firstIndex * size
            let end = min(count, (batch.lowerBound + part.upperBound) * size)
            let target = bytes + (firstBlock + firstIndex) * block.byteCount
            loqt_gguf_quantize(block.kernelKind, values, end - firstIndex * size, target)
            guard let draws = draws.map({ $0 + part.lowerBound * size }) else { return }
            for index in 0..<part.count {
              let first = index * size
              block.redraw(
                values + first, count: min(size, end - firstIndex * size - first), draws + first,
                target + index * block.byteCount)
            }
          }
        }
      }
      self.random = random
      quantizedCount += count
    }
  }
}

extension GGUFBlock {
  fileprivate var kernelKind: Int32 {
    switch self {
    case .q8_0: Int32(LOQT_Q8_0)
    case .q4_0: Int32(LOQT_Q4_0)
    case .q4_1: Int32(LOQT_Q4_1)
    }
  }

  /// Replaces the codes of up to 32 elements by those of neighbouring levels, from step and offset as
  /// they are stored.
  fileprivate func redraw(
    _ x: UnsafePointer<Float>, count: Int, _ draws: UnsafePointer<Float>,
    _ bytes: UnsafeMutablePointer<UInt8>
  ) {
    let d = half(bytes)
    let m = self == .q4_1 ? half(bytes + 2) : 0
    guard d.isFinite, d != 0 else { return }
    let (least, largest): (Float, Float) =
      switch self {
      case .q8_0: (-127, 127)
      case .q4_0: (-8, 7)
      case .q4_1: (0, 15)
      }
    let codes = bytes + headerByteCount
    for i in 0..<count {
      let value = min(max((x[i] - m) / d, least), largest)
      let below = value.rounded(.down)
      let code = Int32(below) + (draws[i] < value - below ? 1 : 0) + (self == .q4_0 ? 8 : 0)
      let bits = UInt8(truncatingIfNeeded: code)
      if self == .q8_0 {
        codes[i] = bits
      } else if i < 16 {
        codes[i] = codes[i] & 0xF0 | bits
      } else {
        codes[i - 16] = codes[i - 16] & 15 | bits << 4
      }
    }
  }
}
