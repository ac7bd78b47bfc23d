internal import CKernels
public import Tensors

extension Int8BlockTensor {
  /// Quantises a tensor that arrives part by part, so that it never lies whole in float.
  ///
  /// However the elements are cut, the result is that of quantising them at once.
  public struct Builder: ~Copyable {
    private var cutter: BlockCutter
    private var tensor: Int8BlockTensor
    private var quantizedCount = 0

    /// A builder of a tensor of `shape`. Traps unless `blockSize` is a power of two from 32 to 4096.
    public init(shape: Shape, map: DynamicMap = .signed, blockSize: Int = 256) {
      tensor = Int8BlockTensor(zeros: shape, map: map, blockSize: blockSize)
      cutter = BlockCutter(elementCount: shape.elementCount, blockSize: blockSize)
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
    public consuming func finish() -> Int8BlockTensor {
      var cutter = cutter
      cutter.finish { quantize($0, count: $1) }
      return tensor
    }

    /// Whole blocks, or the short last one.
    private mutating func quantize(_ x: UnsafePointer<Float>, count: Int) {
      let (blockSize, start, map) = (tensor.blockSize, quantizedCount, tensor.map.values)
      tensor.withMutablePointers { codes, absmax in
        Int8BlockTensor.forEachBlock(of: count, blockSize) { blocks, elements in
          let scales = absmax + (start / blockSize + blocks.lowerBound)
          loqt_map8_quantize(
            x + elements.lowerBound, elements.count, blockSize, map,
            codes + (start + elements.lowerBound), scales)
          // Infinity times a value may be infinity; a broken block is NaN altogether.
          for block in 0..<blocks.count where !scales[block].isFinite { scales[block] = .nan }
        }
      }
      quantizedCount += count
    }
  }

  mutating func withMutablePointers(
    _ body: (UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<Float>) -> Void
  ) {
    codes.withMutablePointer { codes in absmax.withMutablePointer { body(codes, $0) } }
  }
}
