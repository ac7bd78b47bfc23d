internal import CKernels
public import Tensors

extension FourBitTensor {
  /// Quantises a tensor that arrives part by part, so that it never lies whole in float.
  ///
  /// However the elements are cut, the result is that of quantising them at once.
  public struct Builder: ~Copyable, QuantizedTensorBuilder {
    private let shape: Shape
    private let blockSize: Int
    private let doubleQuantized: Bool
    private var cutter: BlockCutter
    private var codes: Tensor<UInt8>
    private var absmax: Tensor<Float>
    private var quantizedCount = 0
    private var random: RandomSource?

    /// A builder of a tensor of `shape`. With a generator in `rounding` an element becomes one of its
    /// two neighbouring levels at random, else the nearest. Traps unless `blockSize` is a power of
    /// two from 32 to 4096.
    public init(
      shape: Shape, blockSize: Int = 64, doubleQuantized: Bool = true,
      rounding random: RandomSource? = nil
    ) {
      precondition(
        isBlockSize(blockSize),
        "\(Codebook.name): block size \(blockSize) is not a power of two from 32 to 4096")
      self.shape = shape
      self.blockSize = blockSize
      self.doubleQuantized = doubleQuantized
      self.random = random
      let elementCount = shape.elementCount
      cutter = BlockCutter(elementCount: elementCount, blockSize: blockSize)
      codes = Tensor(unsafeUninitializedShape: [dividedUp(elementCount, by: 2)]) { _ in }
      absmax = Tensor(unsafeUninitializedShape: [dividedUp(elementCount, by: blockSize)]) { _ in }
    }

    /// Takes the elements that follow, in row-major order. Traps when they are more than the shape
    /// has.
    public mutating func append(_ x: Tensor<Float>) {
      x.withPointer { append($0, count: x.elementCount) }
    }

    /// Takes the elements that follow, in row-major order.
    package mutating func append(_ x: UnsafePointer<Float>, count: Int) {
      // Out of the builder, which the quantised blocks go to.
      var cutter = cutter
      cutter.append(x, count: count) { quantize($0, count: $1) }
      self.cutter = cutter
    }

    /// The quantised tensor. Traps unless all elements of the shape have been appended.
    public consuming func finish() -> FourBitTensor {
      var cutter = cutter
      cutter.finish { quantize($0, count: $1) }
      return FourBitTensor(
        shape: shape, blockSize: blockSize, codes: codes,
        scales: doubleQuantized ? quantizingScales(absmax) : .float32(absmax))
    }

    /// Whole blocks, or the short last one.
    private mutating func quantize(_ x: UnsafePointer<Float>, count: Int) {
      let (blockSize, start) = (blockSize, quantizedCount)
      let levels = random == nil ? nil : SortedLevels(Codebook.self)
      var random = random
      codes.withMutablePointer { codes in
        absmax.withMutablePointer { absmax in
          let blocks = dividedUp(count, by: blockSize)
          forEachBatch(of: blocks, columns: blockSize, &random) { batch, draws in
            parallelFor(batch.count, grain: max(1, elementwiseGrain / blockSize)) { part in
              let firstBlock = batch.lowerBound + part.lowerBound
              let first = firstBlock * blockSize
              let end = min(count, (batch.lowerBound + part.upperBound) * blockSize)
              let target = codes + (start + first) / 2
              let scales = absmax + (start / blockSize + firstBlock)
              quantizeBlocks(Codebook.self, x + first, end - first, blockSize, target, scales)
              if let draws, let levels {
                levels.quantize(
                  x + first, draws + part.lowerBound * blockSize, end - first, blockSize, scales,
                  target)
              }
              // Drawn codes of a broken block mean nothing.
              if draws != nil {
                markNonFinite(
                  end - first, blockSize, Codebook.zeroCode, target, scales)
              }
            }
          }
        }
      }
      self.random = random
      quantizedCount += count
    }
  }
}

/// The levels of a codebook in ascending order with their codes.
private struct SortedLevels {
  let levels: [Float]
  let codes: [UInt8]

  init<Codebook: FourBitCodebook>(_ codebook: Codebook.Type) {
    let all = Codebook.levels
    let order = all.indices.sorted { (all[$0], $0) < (all[$1], $1) }
    levels = order.map { all[$0] }
    // A second code of 0 is never used.
    codes = order.map { all[$0] == 0 ? Codebook.zeroCode : UInt8($0) }
  }

  /// The codes of blocks whose scales are known, each element rounded by a draw of its own.
  func quantize(
    _ x: UnsafePointer<Float>, _ draws: UnsafePointer<Float>, _ count: Int, _ blockSize: Int,
    _ scales: UnsafePointer<Float>, _ target: UnsafeMutablePointer<UInt8>
  ) {
    levels.withUnsafeBufferPointer { levels in
      codes.withUnsafeBufferPointer { codes in
        for i in 0..<count {
          let scale = scales[i / blockSize]
          let value = scale == 0 ? 0 : x[i] / scale
          let rank = randomLevel(
            of: value, draws[i], among: levels.baseAddress!, count: levels.count)
          let byte = target[i / 2]
          target[i / 2] = i % 2 == 0 ? byte & 15 | codes[rank] << 4 : byte & 0xF0 | codes[rank]
        }
      }
    }
  }
}

/// Codes and scales of whole blocks and a short last one.
func quantizeBlocks<Codebook: FourBitCodebook>(
  _ codebook: Codebook.Type, _ x: UnsafePointer<Float>, _ count: Int, _ blockSize: Int,
  _ codes: UnsafeMutablePointer<UInt8>, _ absmax: UnsafeMutablePointer<Float>
) {
  loqt_code4_quantize(Codebook._kernel, x, count, blockSize, codes, absmax)
  // The scales tell, so the elements are not read again.
  if loqt_all_finite_f32(absmax, dividedUp(count, by: blockSize)) { return }
  markNonFinite(count, blockSize, Codebook.zeroCode, codes, absmax)
}

/// Gives each block that has NaN or infinity in it the scale NaN, and the code of 0 everywhere.
private func markNonFinite(
  _ count: Int, _ blockSize: Int, _ zeroCode: UInt8,
  _ codes: UnsafeMutablePointer<UInt8>,
  _ absmax: UnsafeMutablePointer<Float>
) {
  for first in stride(from: 0, to: count, by: blockSize) {
    let size = min(blockSize, count - first)
    guard !absmax[first / blockSize].isFinite else { continue }
    absmax[first / blockSize] = .nan
    (codes + first / 2).update(repeating: zeroCode << 4 | zeroCode, count: dividedUp(size, by: 2))
  }
}

/// Double quantisation (QLoRA, section 3): the distances of the scales from their mean in 8 bits.
func quantizingScales(_ scales: Tensor<Float>) -> FourBitScales {
  let count = scales.elementCount
  let groupSize = DynamicMap.blockSize
  return scales.withPointer { scales in
    let offset = count == 0 ? 0 : Float(loqt_sum_f32(scales, count) / Double(count))
    var absmax = Tensor<Float>(
      unsafeUninitializedShape: [dividedUp(count, by: groupSize)]) { _ in }
    let codes = Tensor<UInt8>(unsafeUninitializedShape: [count]) { codes in
      let codes = codes.baseAddress!
      absmax.withMutablePointer { absmax in
        guard offset.isFinite else {
          codes.initialize(repeating: 0, count: count)
          absmax.initialize(repeating: .nan, count: dividedUp(count, by: groupSize))
          return
        }
        parallelFor(dividedUp(count, by: groupSize), grain: 16) { groups in
          withUnsafeTemporaryAllocation(of: Float.self, capacity: groupSize) { buffer in
            let distances = buffer.baseAddress!
            for group in groups {
              let first = group * groupSize
              let size = min(groupSize, count - first)
              for block in 0..<size { distances[block] = scales[first + block] - offset }
              loqt_map8_quantize(
                distances, size, groupSize, DynamicMap.signed.kernelMap, codes + first,
                absmax + group)
            }
          }
        }
      }
    }
    return .doubleQuantized(codes: codes, absmax: absmax, offset: offset)
  }
}
