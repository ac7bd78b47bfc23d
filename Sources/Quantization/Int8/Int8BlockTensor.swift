internal import CKernels
public import Tensors

/// A tensor in 8-bit dynamic blocks: each element is one of the 256 values of a map times the scale
/// of its block (Dettmers et al., 8-bit Optimizers via Block-wise Quantization, arXiv 2110.02861).
///
/// A block is `blockSize` consecutive elements in row-major order; the last may be short. A block's
/// scale is its largest magnitude, its codes are the nearest values (ties to the lower).
///
/// An element is off by at most 0.0071 of its block's scale. Quantising the result again changes
/// nothing if a positive element has the largest magnitude of a block; if a negative one has, the
/// scale shrinks to 0.993 of itself, as the signed map has no -1.
///
/// A block that contains NaN or infinity becomes NaN as a whole: see `isFinite`.
public struct Int8BlockTensor: QuantizedTensor {
  /// The sizes of the axes, outermost first.
  public let shape: Shape
  /// The map whose values the codes stand for.
  public let map: DynamicMap
  /// The number of elements that share a scale.
  public let blockSize: Int
  /// One code per element.
  public internal(set) var codes: Tensor<UInt8>
  /// The largest magnitude of each block.
  public internal(set) var absmax: Tensor<Float>

  /// `x` in 8 bits. Traps unless `blockSize` is a power of two from 32 to 4096.
  public init(quantizing x: Tensor<Float>, map: DynamicMap = .signed, blockSize: Int = 256) {
    self.init(shape: x.shape, map: map, blockSize: blockSize, rounding: nil) { $0(x) }
  }

  /// `x` in 8 bits, rounded stochastically: each element becomes one of its two neighbouring
  /// values, the nearer one more likely, so that the expected value is the element; except for
  /// elements beyond the map, which ends at -0.993. Traps unless `blockSize` is a power of two from
  /// 32 to 4096.
  public init(
    quantizing x: Tensor<Float>, map: DynamicMap = .signed, blockSize: Int = 256,
    using source: inout RandomSource
  ) {
    self.init(
      shape: x.shape, map: map, blockSize: blockSize, rounding: source.forRounding()
    ) { $0(x) }
  }

  /// Counts its buffers as `kind` from now on.
  public func count(as kind: TensorMemory.Kind) {
    codes.count(as: kind)
    absmax.count(as: kind)
  }

  /// A tensor of zeros. Traps unless `blockSize` is a power of two from 32 to 4096.
  public init(zeros shape: Shape, map: DynamicMap = .signed, blockSize: Int = 256) {
    let zero = UInt8(map.values.firstIndex(of: 0)!)
    self.init(
      shape, map, blockSize: blockSize,
      codes: Tensor(repeating: zero, shape: [shape.elementCount]))
  }

  /// A tensor of given codes and scales of 0.
  init(_ shape: Shape, _ map: DynamicMap, blockSize: Int, codes: Tensor<UInt8>) {
    precondition(
      isBlockSize(blockSize),
      "Int8BlockTensor: block size \(blockSize) is not a power of two from 32 to 4096")
    self.shape = shape
    self.map = map
    self.blockSize = blockSize
    self.codes = codes
    absmax = .zeros([dividedUp(shape.elementCount, by: blockSize)])
  }

  /// Calls `body` with parts of the blocks and their elements, in parallel.
  static func forEachBlock(
    of count: Int, _ blockSize: Int, _ body: (_ blocks: Range<Int>, _ elements: Range<Int>) -> Void
  ) {
    parallelFor(
      dividedUp(count, by: blockSize), grain: max(1, elementwiseGrain / blockSize)
    ) { blocks in
      body(blocks, blocks.lowerBound * blockSize..<min(count, blocks.upperBound * blockSize))
    }
  }

  /// The map and the block size.
  public var format: WeightFormat { .int8Blocks(blockSize: blockSize, map: map) }

  /// Whether every scale is a finite number.
  public var isFinite: Bool { absmax.isFinite }

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

  private func dequantize(
    first: Int, rows: Int, columns: Int, rowLength: Int, into out: UnsafeMutablePointer<Float>
  ) {
    let map = map.kernelMap
    codes.withPointer { codes in
      absmax.withPointer { absmax in
        for row in 0..<rows {
          loqt_map8_dequantize(
            codes, absmax, first + row * rowLength, columns, blockSize, map, out + row * columns)
        }
      }
    }
  }

  /// Calls `body` if rows are multiples of 32 elements.
  public func _withCodes(_ body: (_CodeMatrix) -> Void) {
    let columns = shape[1]
    guard columns % _CodeMatrix.chunk == 0 else { return }
    codes.withPointer { codes in
      absmax.withPointer { absmax in
        var scales = loqt_scales4()
        scales.values = absmax
        body(
          _CodeMatrix(
            Int32(map == .signed ? LOQT_MAP8 : LOQT_UNSIGNED_MAP8), codes, rowBytes: columns,
            scales: scales, rowSpan: columns,
            shift: blockSize.trailingZeroBitCount, map: map.kernelMap))
      }
    }
  }
}

extension Int8BlockTensor {
  /// The bytes `codes` and the floats `absmax`.
  public var parts: TensorParts {
    TensorParts(bytes: ["codes": codes], floats: ["absmax": absmax])
  }

  /// A tensor of `shape` from its `parts`, whatever their shapes: only their elements count.
  ///
  /// - Throws: A ``QuantizationError`` when a part is missing, has the wrong number of elements, or
  ///   a scale is not finite; and for a block size that is not a power of two from 32 to 4096.
  public init(
    shape: Shape, map: DynamicMap = .signed, blockSize: Int = 256, parts: TensorParts
  ) throws(QuantizationError) {
    guard isBlockSize(blockSize) else {
      throw QuantizationError(
        .unsupportedBlockSize,
        "int8 blocks: block size \(blockSize) is not a power of two from 32 to 4096")
    }
    let count = try Quantization.elementCount(of: shape)
    self.shape = shape
    self.map = map
    self.blockSize = blockSize
    codes = try part("codes", of: parts.bytes, count: count, shape)
    absmax = try finitePart(
      "absmax", of: parts.floats, count: dividedUp(count, by: blockSize), shape)
  }
}

/// Whether formats in blocks of consecutive elements have this block size.
func isBlockSize(_ size: Int) -> Bool {
  size >= 32 && size <= 4096 && size & (size - 1) == 0
}
