internal import CKernels
public import Tensors

/// A tensor in 4 bits: each element is one of the 16 levels of a codebook times the scale of its
/// block.
///
/// A block is `blockSize` consecutive elements in row-major order; blocks straddle rows and the last
/// may be short. A block's scale is its largest magnitude. Codes and scales are those of
/// bitsandbytes byte for byte (QLoRA, arXiv 2305.14314, section 3).
///
/// With float scales an element is off by at most 0.152 (NF4) or 0.167 (FP4) of its block's scale,
/// half of the largest gap between levels; double quantisation moves a scale by at most 0.0071 of the
/// largest distance from the mean within its group of 256 scales.
///
/// Quantising the result again gives the same values and scales if the scales are floats of at
/// least 1e-38; and the same codes, except for the second 0 of FP4, which becomes the first. With
/// double quantisation a scale moves each time by at most what it did the first time, and the codes
/// stay the same as long as no scale changes its sign.
///
/// A block that contains NaN or infinity becomes NaN as a whole, and with double quantisation the
/// whole tensor does, so that a broken number never turns into a plausible one: see `isFinite`.
public struct FourBitTensor<Codebook: FourBitCodebook>: QuantizedTensor {
  /// The largest magnitude of each block.
  public typealias Scales = FourBitScales

  /// The sizes of the axes, outermost first.
  public let shape: Shape
  /// The number of elements that share a scale.
  public let blockSize: Int
  /// Two codes per byte, the first element in the high nibble; an odd tail is padded with the code
  /// of 0.
  public internal(set) var codes: Tensor<UInt8>
  /// The scales of the blocks.
  public internal(set) var scales: Scales

  /// `x` in 4 bits. Traps unless `blockSize` is a power of two from 32 to 4096.
  public init(quantizing x: Tensor<Float>, blockSize: Int = 64, doubleQuantized: Bool = true) {
    self.init(
      shape: x.shape, blockSize: blockSize, doubleQuantized: doubleQuantized, rounding: nil
    ) { $0(x) }
  }

  /// `x` in 4 bits, rounded stochastically: each element becomes one of its two neighbouring
  /// levels, the nearer one more likely, so that the expected level times the largest magnitude of
  /// the block is the element. Traps unless `blockSize` is a power of two from 32 to 4096.
  public init(
    quantizing x: Tensor<Float>, blockSize: Int = 64, doubleQuantized: Bool = true,
    using source: inout RandomSource
  ) {
    self.init(
      shape: x.shape, blockSize: blockSize, doubleQuantized: doubleQuantized,
      rounding: source.forRounding()
    ) { $0(x) }
  }

  /// A tensor of parts that are known to belong together.
  init(shape: Shape, blockSize: Int, codes: Tensor<UInt8>, scales: Scales) {
    self.shape = shape
    self.blockSize = blockSize
    self.codes = codes
    self.scales = scales
  }

  /// The block size and the kind of scales.
  public var format: WeightFormat {
    switch scales {
    case .float32: Codebook.format(blockSize: blockSize, doubleQuantized: false)
    case .doubleQuantized: Codebook.format(blockSize: blockSize, doubleQuantized: true)
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
    let count = dividedUp(shape.elementCount, by: blockSize)
    return Tensor(unsafeUninitializedShape: [count]) { out in
      scales.withValues(of: 0..<count) { out.baseAddress!.update(from: $0, count: count) }
    }
  }

  /// Writes the elements at `range`, in row-major order, to `out`.
  public func _dequantize(_ range: Range<Int>, into out: UnsafeMutablePointer<Float>) {
    dequantize(first: range.lowerBound, rows: 1, columns: range.count, rowLength: 0, into: out)
  }

  /// Writes the part `rows` x `columns` of a matrix to `out`.
  public func _dequantizePanel(
    rows: Range<Int>, columns: Range<Int>, into out: UnsafeMutablePointer<Float>
  ) {
    dequantize(
      first: rows.lowerBound * shape[1] + columns.lowerBound, rows: rows.count,
      columns: columns.count, rowLength: shape[1], into: out)
  }

  /// Calls `body` if rows are multiples of 32 elements.
  public func _withCodes(_ body: (_CodeMatrix) -> Void) {
    let columns = shape[1]
    guard columns % _CodeMatrix.chunk == 0 else { return }
    codes.withPointer { codes in
      scales.withKernelScales { scales in
        body(
          _CodeMatrix(
            Codebook._kernel, codes, rowBytes: columns / 2, scales: scales.pointee,
            rowSpan: columns, shift: blockSize.trailingZeroBitCount))
      }
    }
  }

  private func dequantize(
    first: Int, rows: Int, columns: Int, rowLength: Int, into out: UnsafeMutablePointer<Float>
  ) {
    codes.withPointer { codes in
      scales.withKernelScales { scales in
        loqt_code4_dequantize(
          Codebook._kernel, codes, scales, first, rows, columns, rowLength, blockSize, out)
      }
    }
  }
}

/// The largest magnitude of each block of a tensor in 4 bits.
public enum FourBitScales: Equatable, Sendable {
  /// A float for each block.
  case float32(Tensor<Float>)
  /// Double quantised: a block's scale is `offset` plus the value of its code in the signed 8-bit
  /// dynamic map times `absmax` of its group of 256 blocks. `offset` is the mean of the scales,
  /// summed in double.
  case doubleQuantized(codes: Tensor<UInt8>, absmax: Tensor<Float>, offset: Float)
}

extension FourBitScales {
  /// Calls `body` with the scales of all blocks as they are stored.
  func withKernelScales(_ body: (UnsafePointer<loqt_scales4>) -> Void) {
    var scales = loqt_scales4()
    switch self {
    case .float32(let absmax):
      absmax.withPointer {
        scales.values = $0
        body(&scales)
      }
    case .doubleQuantized(let codes, let absmax, let offset):
      codes.withPointer { codes in
        absmax.withPointer { absmax in
          scales.codes = codes
          scales.absmax = absmax
          scales.map = DynamicMap.signed.kernelMap
          scales.offset = offset
          body(&scales)
        }
      }
    }
  }

  /// Calls `body` with the scales of `blocks` as floats.
  func withValues(of blocks: Range<Int>, _ body: (UnsafePointer<Float>) -> Void) {
    switch self {
    case .float32(let absmax): absmax.withPointer { body($0 + blocks.lowerBound) }
    case .doubleQuantized(let codes, let absmax, let offset):
      codes.withPointer { codes in
        absmax.withPointer { absmax in
          withUnsafeTemporaryAllocation(of: Float.self, capacity: max(1, blocks.count)) { buffer in
            let scales = buffer.baseAddress!
            loqt_map8_dequantize(
              codes, absmax, blocks.lowerBound, blocks.count, DynamicMap.blockSize,
              DynamicMap.signed.kernelMap, scales)
            for block in 0..<blocks.count { scales[block] += offset }
            body(scales)
          }
        }
      }
    }
  }
}

extension Tensor<Float> {
  var isFinite: Bool { withPointer { loqt_all_finite_f32($0, elementCount) } }
}
