public import Tensors

/// A tensor in the 4- or 8-bit blocks of GGUF files, byte for byte as they lie there.
///
/// A block is 32 consecutive elements in row-major order. The last may be short; a GGUF file takes
/// only tensors whose rows are whole blocks. Codes are found as by the reference coder of the format
/// (ggml): from a step in single precision, which is then stored in half precision.
///
/// With M the largest magnitude of a block, an element is off by at most 0.0045 M (Q8_0) or 0.126 M
/// (Q4_0); Q4_1: by 0.034 of the range of the block and 2^-11 M. Steps below 6e-5 are multiples of
/// 2^-24, which adds 127, 8 or 16 times 2^-25. Quantising again what this gives back gives the same
/// values for Q8_0 and Q4_0, and moves none by more than 2^-20 M for Q4_1.
///
/// A block with NaN or infinity in it, or with numbers whose step is beyond half precision (65504),
/// becomes NaN altogether: see `isFinite`.
public struct GGUFBlockTensor: QuantizedTensor {
  /// The sizes of the axes, outermost first.
  public let shape: Shape
  /// The kind of its blocks.
  public let block: GGUFBlock
  /// The blocks: little-endian halves, then codes; two codes a byte, the first sixteen in the low
  /// nibbles.
  public internal(set) var blocks: Tensor<UInt8>

  /// `x` with each number rounded to the nearest level of its block, ties away from 0 (Q8_0) or up.
  public init(quantizing x: Tensor<Float>, as block: GGUFBlock) {
    var builder = Builder(shape: x.shape, block: block)
    builder.append(x)
    self = builder.finish()
  }

  /// `x` with each number rounded to one of its two neighbouring levels at random, the likelier the
  /// nearer, so that the expected value is the number, but for numbers beyond the outermost levels.
  public init(
    quantizing x: Tensor<Float>, as block: GGUFBlock, using source: inout RandomSource
  ) {
    var builder = Builder(shape: x.shape, block: block, rounding: source.forRounding())
    builder.append(x)
    self = builder.finish()
  }

  /// Room for the blocks of `shape`.
  init(shape: Shape, block: GGUFBlock) {
    self.shape = shape
    self.block = block
    blocks = Tensor(
      repeating: 0, shape: [block.byteCount(elementCount: shape.elementCount)])
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
    let size = GGUFBlock.elementCount
    blocks.withPointer { blocks in
      withUnsafeTemporaryAllocation(of: Float.self, capacity: size) { whole in
        var element = range.lowerBound
        while element < range.upperBound {
          let (index, offset) = element.quotientAndRemainder(dividingBy: size)
          let count = min(range.upperBound - element, size - offset)
          let target = out + (element - range.lowerBound)
          let bytes = blocks + index * block.byteCount
          if count == size {
            block.decode(bytes, into: target)
          } else {
            block.decode(bytes, into: whole.baseAddress!)
            target.update(from: whole.baseAddress! + offset, count: count)
          }
          element += count
        }
      }
    }
  }
}

extension GGUFBlockTensor {
  /// The bytes `blocks`.
  public var parts: TensorParts { TensorParts(bytes: ["blocks": blocks]) }

  /// A tensor of `shape` from its `parts`; whatever shape they come in, their elements count.
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
        .nonFiniteScale, "part \"blocks\" of a tensor \(shape) has NaN or infinity as a step")
    }
  }
}

extension GGUFBlock {
  /// The half at `bytes`.
  func half(_ bytes: UnsafePointer<UInt8>) -> Float {
    Float(halfBits: UInt16(bytes[0]) | UInt16(bytes[1]) << 8)
  }

  /// The 32 elements of a block.
  fileprivate func decode(_ bytes: UnsafePointer<UInt8>, into out: UnsafeMutablePointer<Float>) {
    let d = half(bytes)
    let codes = bytes + headerByteCount
    switch self {
    case .q8_0:
      for i in 0..<32 { out[i] = d * Float(Int8(bitPattern: codes[i])) }
    case .q4_0:
      for i in 0..<16 {
        out[i] = d * (Float(codes[i] & 15) - 8)
        out[i + 16] = d * (Float(codes[i] >> 4) - 8)
      }
    case .q4_1:
      let m = half(bytes + 2)
      for i in 0..<16 {
        out[i] = d * Float(codes[i] & 15) + m
        out[i + 16] = d * Float(codes[i] >> 4) + m
      }
    }
  }
}
