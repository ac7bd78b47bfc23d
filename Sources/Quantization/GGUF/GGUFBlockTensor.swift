internal import CKernels
public import Tensors

/// A tensor in the 4- or 8-bit blocks of GGUF files, byte for byte as they are there.
///
/// A block is 32 consecutive elements in row-major order. The last may be short; a GGUF file takes
/// only tensors whose rows are whole blocks. Codes are chosen as by the reference encoder of the
/// format (ggml): from a step in single precision, which is then stored in half precision.
///
/// With M the largest magnitude of a block, an element is off by at most 0.0045 M (Q8_0) or 0.126 M
/// (Q4_0); Q4_1: by 0.034 of the range of the block and 2^-11 M. Steps below 6e-5 are multiples of
/// 2^-24, which adds 127, 8 or 16 times 2^-25. Quantising the result again gives the same values
/// for Q8_0 and Q4_0, and moves none by more than 2^-20 M for Q4_1.
///
/// A block that contains NaN or infinity, or numbers whose step is beyond half precision (65504),
/// becomes NaN as a whole: see `isFinite`.
public struct GGUFBlockTensor: QuantizedTensor {
  /// The sizes of the axes, outermost first.
  public let shape: Shape
  /// The kind of its blocks.
  public let block: GGUFBlock
  /// The blocks: little-endian half-precision numbers, then codes; two codes per byte, the first
  /// sixteen in the low nibbles.
  public internal(set) var blocks: Tensor<UInt8>

  /// `x` with each number rounded to the nearest level of its block, ties away from 0 (Q8_0) or up.
  public init(quantizing x: Tensor<Float>, as block: GGUFBlock) {
    self.init(shape: x.shape, block: block, rounding: nil) { $0(x) }
  }

  /// `x` rounded stochastically: each number becomes one of its two neighbouring levels, the nearer
  /// one more likely, so that the expected value is the number, except for numbers beyond the
  /// outermost levels.
  public init(
    quantizing x: Tensor<Float>, as block: GGUFBlock, using source: inout RandomSource
  ) {
    self.init(shape: x.shape, block: block, rounding: source.forRounding()) { $0(x) }
  }

  /// The kind of its blocks.
  public var format: WeightFormat { .gguf(block) }

  /// Whether every step and every offset is a finite number.
  public var isFinite: Bool {
    let (size, header) = (block.byteCount, block.headerByteCount)
    return blocks.withPointer { bytes in
      for start in stride(from: 0, to: blocks.elementCount, by: size) {
        for half in stride(from: start, to: start + header, by: 2) {
          if bytes[half + 1] & 0x7C == 0x7C { return false }
        }
      }
      return true
    }
  }

  /// Writes the elements at `range`, in row-major order, to `out`.
  public func _dequantize(_ range: Range<Int>, into out: UnsafeMutablePointer<Float>) {
    blocks.withPointer {
      loqt_gguf_dequantize(block.kernelKind, $0, range.lowerBound, range.count, out)
    }
  }

  /// Writes the part `rows` x `columns` of a matrix to `out`.
  public func _dequantizePanel(
    rows: Range<Int>, columns: Range<Int>, into out: UnsafeMutablePointer<Float>
  ) {
    let (kind, length) = (block.kernelKind, shape[1])
    blocks.withPointer { blocks in
      for (i, row) in rows.enumerated() {
        loqt_gguf_dequantize(
          kind, blocks, row * length + columns.lowerBound, columns.count, out + i * columns.count)
      }
    }
  }

  /// Calls `body` if rows are whole blocks.
  public func _withCodes(_ body: (_CodeMatrix) -> Void) {
    let columns = shape[1]
    guard columns % GGUFBlock.elementCount == 0 else { return }
    blocks.withPointer {
      body(
        _CodeMatrix(
          block.kernelKind, $0, rowBytes: block.byteCount(elementCount: columns),
          halves: _CodeMatrix.halves))
    }
  }
}

extension GGUFBlockTensor {
  /// The bytes `blocks`.
  public var parts: TensorParts { TensorParts(bytes: ["blocks": blocks]) }

  /// A tensor of `shape` from its `parts`, whatever their shapes: only their elements count.
  ///
  /// - Throws: A ``QuantizationError`` when the part is missing, has the wrong number of bytes, or a
  ///   step is not finite.
  public init(shape: Shape, block: GGUFBlock, parts: TensorParts) throws(QuantizationError) {
    let count = block.byteCount(elementCount: try elementCount(of: shape))
    self.shape = shape
    self.block = block
    blocks = try part("blocks", of: parts.bytes, count: count, shape)
    guard isFinite else {
      throw QuantizationError(
        .nonFiniteScale, "part \"blocks\" of a tensor \(shape) has a step that is NaN or infinite")
    }
  }
}
