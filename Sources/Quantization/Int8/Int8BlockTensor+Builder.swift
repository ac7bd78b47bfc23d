internal import CKernels
public import Tensors

extension Int8BlockTensor {
  /// Quantises a tensor that arrives part by part, so that it never lies whole in float.
  ///
  /// However the elements are cut, the result is that of quantising them at once.
  public struct Builder: ~Copyable, QuantizedTensorBuilder {
    private var cutter: BlockCutter
    private var tensor: Int8BlockTensor
    private var quantizedCount = 0
    private var random: RandomSource?

    /// A builder of a tensor of `shape`. With a generator in `rounding` an element becomes one of its
    /// two neighbouring values at random, else the nearest. Traps unless `blockSize` is a power of
    /// two from 32 to 4096.
    public init(
      shape: Shape, map: DynamicMap = .signed, blockSize: Int = 256,
      rounding random: RandomSource? = nil
    ) {
      self.random = random
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
      let (blockSize, start, map) = (tensor.blockSize, quantizedCount, tensor.map.kernelMap)
      let levels = tensor.map.values
      var random = random
      tensor.withMutablePointers { codes, absmax in
        let blocks = dividedUp(count, by: blockSize)
        forEachBatch(of: blocks, columns: blockSize, &random) { batch, draws in
          let offset = batch.lowerBound * blockSize
          let size = min(count, batch.upperBound * blockSize) - offset
          Int8BlockTensor.forEachBlock(of: size, blockSize) { blocks, elements in
            let values = x + (offset + elements.lowerBound)
            let target = codes + (start + offset + elements.lowerBound)
            let scales = absmax + ((start + offset) / blockSize + blocks.lowerBound)
            loqt_map8_quantize(values, elements.count, blockSize, map, target, scales)
            // Infinity times a value may be infinity; a broken block is NaN altogether.
            for block in 0..<blocks.count where !scales[block].isFinite { scales[block] = .nan }
            guard let draws = draws.map({ $0 + elements.lowerBound }) else { return }
            for i in 0..<elements.count where scales[i / blockSize] > 0 {
              target[i] = UInt8(
                randomLevel(
                  of: values[i] / scales[i / blockSize], draws[i], among: levels, count: 256)
              )
            }
          }
        }
      }
      self.random = random
      quantizedCount += count
    }
  }

  mutating func withMutablePointers(
    _ body: (UnsafeMutablePointer<UInt8>, UnsafeMutablePointer<Float>) -> Void
  ) {
    codes.withMutablePointer { codes in absmax.withMutablePointer { body(codes, $0) } }
  }
}
