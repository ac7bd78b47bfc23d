internal import CKernels
import Tensors

extension FourBitTensor: BlockwiseTensor {
  /// Quantises the parts that `fill` hands over; see `take`. Traps unless `blockSize` is a power of
  /// two from 32 to 4096.
  init(
    shape: Shape, blockSize: Int, doubleQuantized: Bool, rounding random: RandomSource?,
    _ fill: (_ append: (Tensor<Float>) -> Void) throws -> Void
  ) rethrows {
    precondition(
      isBlockSize(blockSize),
      "\(Codebook.name): block size \(blockSize) is not a power of two from 32 to 4096")
    let count = shape.elementCount
    self.shape = shape
    self.blockSize = blockSize
    codes = Tensor(unsafeUninitializedShape: [dividedUp(count, by: 2)]) { _ in }
    scales = .float32(
      Tensor(unsafeUninitializedShape: [dividedUp(count, by: blockSize)]) { _ in })
    try take(rounding: random, fill)
    if doubleQuantized, case .float32(let absmax) = scales { scales = quantizingScales(absmax) }
  }

  var unitSize: Int { blockSize }

  mutating func quantize(
    _ x: UnsafePointer<Float>, count: Int, at start: Int, rounding random: inout RandomSource?
  ) {
    guard case .float32(var absmax) = scales else { return }
    // Taken out of the scales, so that they change in place.
    scales = .float32(.empty)
    let size = blockSize
    codes.withMutablePointer { codes in
      absmax.withMutablePointer { absmax in
        forEachPart(of: count, unit: size, &random) { part, draws in
          let first = start + part.lowerBound
          quantizeBlocks(
            Codebook.self, x + part.lowerBound, draws, part.count, size, codes + first / 2,
            absmax + first / size)
        }
      }
    }
    scales = .float32(absmax)
  }
}

/// Codes and scales of whole blocks and a short last one, rounded stochastically if there are
/// draws.
func quantizeBlocks<Codebook: FourBitCodebook>(
  _ codebook: Codebook.Type, _ x: UnsafePointer<Float>, _ draws: UnsafePointer<Float>?,
  _ count: Int, _ blockSize: Int, _ codes: UnsafeMutablePointer<UInt8>,
  _ absmax: UnsafeMutablePointer<Float>
) {
  loqt_code4_quantize(Codebook._kernel, x, count, blockSize, codes, absmax)
  if let draws {
    loqt_code4_quantize_random(Codebook._kernel, x, draws, count, blockSize, absmax, codes)
  }
  // The scales show it, so the elements are not read again.
  if loqt_all_finite_f32(absmax, dividedUp(count, by: blockSize)) { return }
  markNonFinite(count, blockSize, Codebook.zeroCode, codes, absmax)
}

/// Gives each block that contains NaN or infinity the scale NaN, and the code of 0 everywhere.
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
