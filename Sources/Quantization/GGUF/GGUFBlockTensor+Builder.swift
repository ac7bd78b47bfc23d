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
            for index in part {
              let first = (batch.lowerBound + index) * size
              block.encode(
                x + first, count: min(size, count - first), draws.map { $0 + index * size },
                into: bytes + (firstBlock + batch.lowerBound + index) * block.byteCount)
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
  /// Codes of up to 32 elements. Those that a short block lacks have the code of 0 (Q8_0, Q4_0) or
  /// of the least element.
  fileprivate func encode(
    _ x: UnsafePointer<Float>, count: Int, _ draws: UnsafePointer<Float>?,
    into bytes: UnsafeMutablePointer<UInt8>
  ) {
    let header = header(of: x, count: count)
    let stored = (d: header.d.halfBits, m: header.m.halfBits)
    let (d, m) = (Float(halfBits: stored.d), Float(halfBits: stored.m))
    let isBroken = !(d.isFinite && m.isFinite)
    write(isBroken ? 0x7E00 : stored.d, to: bytes)
    if self == .q4_1 { write(isBroken ? 0x7E00 : stored.m, to: bytes + 2) }
    // Where the step is too small for a reciprocal, all elements are 0.
    let inverse = 1 / header.d
    let factor = isBroken || !inverse.isFinite ? 0 : inverse
    let codes = bytes + headerByteCount
    let half = GGUFBlock.elementCount / 2
    for i in 0..<half * 2 {
      var code = level(i < count && !isBroken ? x[i] : header.m, header.m, factor)
      if let draws, i < count, factor != 0, d != 0 {
        code = randomLevel(x[i], draws[i], d, m)
      }
      let bits = UInt8(truncatingIfNeeded: code)
      switch self {
      case .q8_0: codes[i] = bits
      case .q4_0, .q4_1:
        if i < half { codes[i] = bits } else { codes[i - half] |= bits << 4 }
      }
    }
  }

  /// Step and offset in single precision; NaN for elements that are not finite.
  private func header(of x: UnsafePointer<Float>, count: Int) -> (d: Float, m: Float) {
    var (least, largest, extreme, check): (Float, Float, Float, Float) = (x[0], x[0], x[0], 0)
    for i in 0..<count {
      least = min(least, x[i])
      largest = max(largest, x[i])
      // The first of those of equal magnitude.
      if abs(x[i]) > abs(extreme) { extreme = x[i] }
      check += x[i] - x[i]
    }
    guard check == 0 else { return (.nan, 0) }
    return switch self {
    case .q8_0: (abs(extreme) / 127, 0)
    case .q4_0: (extreme / -8, 0)
    case .q4_1: ((largest - least) / 15, least)
    }
  }

  private func write(_ half: UInt16, to bytes: UnsafeMutablePointer<UInt8>) {
    bytes[0] = UInt8(truncatingIfNeeded: half)
    bytes[1] = UInt8(half >> 8)
  }

  /// The code of the nearest level, from the reciprocal of the step.
  private func level(_ x: Float, _ m: Float, _ factor: Float) -> Int32 {
    switch self {
    case .q8_0:
      let magnitude = abs(x * factor)
      let whole = Int32(magnitude)
      let code = whole + (magnitude - Float(whole) >= 0.5 ? 1 : 0)
      return x < 0 ? -code : code
    case .q4_0: return min(15, Int32(x * factor + 8.5))
    case .q4_1: return min(15, Int32((x - m) * factor + 0.5))
    }
  }

  /// The code of a neighbouring level, from step and offset as they are stored.
  private func randomLevel(_ x: Float, _ draw: Float, _ d: Float, _ m: Float) -> Int32 {
    let (least, largest): (Float, Float) =
      switch self {
      case .q8_0: (-127, 127)
      case .q4_0: (-8, 7)
      case .q4_1: (0, 15)
      }
    let value = min(max((x - m) / d, least), largest)
    let below = value.rounded(.down)
    let code = below + (draw < value - below ? 1 : 0)
    return Int32(self == .q4_0 ? code + 8 : code)
  }
}
