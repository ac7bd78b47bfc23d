internal import CKernels
public import Tensors

/// A tensor in 4-bit NormalFloat: each element one of 16 levels times the scale of its block.
///
/// A block is `blockSize` consecutive elements in row-major order; blocks straddle rows and the last
/// may be short. A block's scale is its largest magnitude. Codes and scales are those of
/// bitsandbytes byte for byte (QLoRA, arXiv 2305.14314, section 3).
///
/// Quantising again what this gives back gives the same codes and scales when the scales are floats
/// of at least 1e-38. With double quantisation a scale moves, each time, by at most 0.0071 of the
/// largest distance from the mean within its group of 256 scales, and the codes stay as long as no
/// scale changes its sign.
///
/// A block with NaN or infinity in it becomes NaN altogether, and with double quantisation the
/// whole tensor does, so that a broken number is never turned into a plausible one: see `isFinite`.
public struct NF4Tensor: QuantizedTensor {
  /// The largest magnitude of each block.
  public enum Scales: Equatable, Sendable {
    /// A float for each block.
    case float32(Tensor<Float>)
    /// Double quantised: a block's scale is `offset` + the value of its code in the signed 8-bit
    /// dynamic map x `absmax` of its group of 256 blocks. `offset` is the mean of the scales, summed
    /// in double.
    case doubleQuantized(codes: Tensor<UInt8>, absmax: Tensor<Float>, offset: Float)
  }

  /// The sizes of the axes, outermost first.
  public let shape: Shape
  /// Elements that share a scale.
  public let blockSize: Int
  /// Two codes a byte, the first element in the high nibble; an odd tail is padded with the code
  /// of 0.
  public let codes: Tensor<UInt8>
  /// The scales of the blocks.
  public let scales: Scales

  /// `x` in 4 bits. Traps unless `blockSize` is a power of two from 32 to 4096.
  public init(quantizing x: Tensor<Float>, blockSize: Int = 64, doubleQuantized: Bool = true) {
    var builder = Builder(shape: x.shape, blockSize: blockSize, doubleQuantized: doubleQuantized)
    builder.append(x)
    self = builder.finish()
  }

  /// Parts that are known to belong together.
  init(shape: Shape, blockSize: Int, codes: Tensor<UInt8>, scales: Scales) {
    self.shape = shape
    self.blockSize = blockSize
    self.codes = codes
    self.scales = scales
  }

  /// Block size and kind of scales.
  public var format: WeightFormat {
    switch scales {
    case .float32: .nf4(blockSize: blockSize, doubleQuantized: false)
    case .doubleQuantized: .nf4(blockSize: blockSize, doubleQuantized: true)
    }
  }

  /// Whether every scale is a finite number.
  public var isFinite: Bool {
    switch scales {
    case .float32(let absmax): absmax.isFinite
    case .doubleQuantized(_, let absmax, let offset): absmax.isFinite && offset.isFinite
    }
  }

  /// The scales as floats: `[blocks]`.
  public var scaleValues: Tensor<Float> {
    switch scales {
    case .float32(let absmax): return absmax
    case .doubleQuantized(let codes, let absmax, let offset):
      return Tensor(unsafeUninitializedShape: codes.shape) { out in
        codes.withPointer { codes in
          absmax.withPointer { absmax in
            readScales(
              codes, absmax, offset, 0..<out.count, into: out.baseAddress!)
          }
        }
      }
    }
  }

  /// Writes the elements at `range`, in row-major order, to `out`.
  public func _dequantize(_ range: Range<Int>, into out: UnsafeMutablePointer<Float>) {
    guard !range.isEmpty else { return }
    codes.withPointer { codes in
      switch scales {
      case .float32(let absmax):
        absmax.withPointer {
          loqt_nf4_dequantize(codes, $0, range.lowerBound, range.count, blockSize, out)
        }
      case .doubleQuantized(let scaleCodes, let absmax, let offset):
        scaleCodes.withPointer { scaleCodes in
          absmax.withPointer { absmax in
            // So few blocks at a time that their scales as floats stay on the stack.
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { buffer in
              let scales = buffer.baseAddress!
              var first = range.lowerBound
              while first < range.upperBound {
                let block = first / blockSize
                let end = min(range.upperBound, (block + buffer.count) * blockSize)
                let blocks = block..<(end - 1) / blockSize + 1
                readScales(scaleCodes, absmax, offset, blocks, into: scales)
                loqt_nf4_dequantize(
                  codes + block * blockSize / 2, scales, first - block * blockSize, end - first,
                  blockSize, out + (first - range.lowerBound))
                first = end
              }
            }
          }
        }
      }
    }
  }
}

/// Scales of `blocks` from their 8-bit codes.
private func readScales(
  _ codes: UnsafePointer<UInt8>, _ absmax: UnsafePointer<Float>, _ offset: Float,
  _ blocks: Range<Int>, into scales: UnsafeMutablePointer<Float>
) {
  loqt_map8_dequantize(
    codes, absmax, blocks.lowerBound, blocks.count, DynamicMap.blockSize, DynamicMap.signedValues,
    scales)
  for block in 0..<blocks.count { scales[block] += offset }
}

extension Tensor<Float> {
  var isFinite: Bool { withPointer { loqt_all_finite_f32($0, elementCount) } }
}
