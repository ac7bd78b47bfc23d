package import CKernels

/// A 16-bit floating-point type that tensors store and convert; arithmetic is done in Float. Only
/// the library's own types conform: BFloat16 and Float16.
public protocol HalfPrecisionScalar: TensorScalar {
  /// The nearest value to a float, ties to even.
  init(_ value: Float)
  /// Kernel `loqt_bf16_to_f32` or `loqt_f16_to_f32`.
  static func _toFloat(_ x: UnsafePointer<Self>, _ out: UnsafeMutablePointer<Float>, _ n: Int)
  /// Kernel `loqt_f32_to_bf16` or `loqt_f32_to_f16`.
  static func _fromFloat(_ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Self>, _ n: Int)
}

/// The upper half of a Float: its range, with 8 bits of precision.
public struct BFloat16: Sendable, BitwiseCopyable {
  /// Sign, 8 bits of exponent, 7 bits of fraction.
  public let bitPattern: UInt16

  /// The value of the given bits.
  public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

  /// The nearest value to a float, ties to even; NaN stays NaN, and values beyond the range become
  /// infinite.
  public init(_ value: Float) {
    let bits = value.bitPattern
    if value.isNaN {
      bitPattern = UInt16(bits >> 16) | 0x40
    } else {
      bitPattern = UInt16((bits + 0x7FFF + (bits >> 16 & 1)) >> 16)
    }
  }
}

extension Float {
  /// The same value.
  public init(_ value: BFloat16) { self.init(bitPattern: UInt32(value.bitPattern) << 16) }
}

extension BFloat16: Hashable {
  /// Whether the values are equal: zeros are, NaN equals nothing.
  public static func == (a: BFloat16, b: BFloat16) -> Bool { Float(a) == Float(b) }
  /// Hashes the value.
  public func hash(into hasher: inout Hasher) { hasher.combine(Float(self)) }
}

extension BFloat16: Comparable {
  /// Whether the value is less than another; never with NaN.
  public static func < (a: BFloat16, b: BFloat16) -> Bool { Float(a) < Float(b) }
}

extension BFloat16: Codable {
  /// Decodes a number, rounded to the nearest value.
  public init(from decoder: any Decoder) throws {
    self.init(try decoder.singleValueContainer().decode(Float.self))
  }
  /// Encodes the value as a number.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(Float(self))
  }
}

extension BFloat16: CustomStringConvertible {
  /// The value as a Float prints it.
  public var description: String { Float(self).description }
}

extension BFloat16: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  /// The nearest value to a literal.
  public init(floatLiteral value: Float) { self.init(value) }
  /// The nearest value to a literal.
  public init(integerLiteral value: Int) { self.init(Float(value)) }
}

extension BFloat16: HalfPrecisionScalar {
  /// 0.
  public static var zeroScalar: BFloat16 { BFloat16(bitPattern: 0) }
  /// Kernel `loqt_bf16_to_f32`.
  public static func _toFloat(
    _ x: UnsafePointer<BFloat16>, _ out: UnsafeMutablePointer<Float>, _ n: Int
  ) {
    x.withMemoryRebound(to: UInt16.self, capacity: n) { loqt_bf16_to_f32($0, out, n) }
  }
  /// Kernel `loqt_f32_to_bf16`.
  public static func _fromFloat(
    _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<BFloat16>, _ n: Int
  ) {
    out.withMemoryRebound(to: UInt16.self, capacity: n) { loqt_f32_to_bf16(x, $0, n) }
  }
}

// Swift has no Float16 on Intel Macs.
#if !(os(macOS) && arch(x86_64))
  extension Float16: HalfPrecisionScalar {
    /// 0.
    public static var zeroScalar: Float16 { 0 }
    /// Kernel `loqt_f16_to_f32`.
    public static func _toFloat(
      _ x: UnsafePointer<Float16>, _ out: UnsafeMutablePointer<Float>, _ n: Int
    ) {
      x.withMemoryRebound(to: UInt16.self, capacity: n) { loqt_f16_to_f32($0, out, n) }
    }
    /// Kernel `loqt_f32_to_f16`.
    public static func _fromFloat(
      _ x: UnsafePointer<Float>, _ out: UnsafeMutablePointer<Float16>, _ n: Int
    ) {
      out.withMemoryRebound(to: UInt16.self, capacity: n) { loqt_f32_to_f16(x, $0, n) }
    }
  }
#endif

// Half precision by its bits, for machines without Float16.
extension Float {
  /// The value of a half-precision number.
  package init(halfBits: UInt16) {
    let sign = UInt32(halfBits & 0x8000) << 16
    let magnitude = UInt32(halfBits & 0x7fff) << 13
    if magnitude >= 0x7c00 << 13 {
      self.init(bitPattern: sign | 0x7f80_0000 | magnitude)
    } else {
      // The product moves the exponent and is exact, for subnormal numbers too.
      let scaled = Float(bitPattern: magnitude) * 0x1p112
      self.init(bitPattern: sign | scaled.bitPattern)
    }
  }

  /// The bits of the nearest half-precision number, ties to even; a value too large becomes
  /// infinity.
  package var halfBits: UInt16 {
    let sign = UInt16(truncatingIfNeeded: bitPattern >> 16) & 0x8000
    let magnitude = bitPattern & 0x7fff_ffff
    if magnitude > 0x7f80_0000 {
      return sign | 0x7e00 | UInt16(truncatingIfNeeded: magnitude >> 13) & 0x3ff
    }
    if magnitude >= 0x477f_f000 { return sign | 0x7c00 }
    if magnitude < 0x3880_0000 {
      // Near 1/2 floats are 2^-24 apart, like subnormal halves: the sum rounds to them.
      let sum = Float(bitPattern: magnitude) + 0.5
      return sign | UInt16(truncatingIfNeeded: sum.bitPattern - (0.5 as Float).bitPattern)
    }
    let rounded = magnitude + 0xfff + (magnitude >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded - 0x3800_0000) >> 13)
  }
}

extension Tensor where Scalar: HalfPrecisionScalar {
  /// The elements as another floating-point type, without loss.
  public func converted<Target: RealScalar>(to type: Target.Type) -> Tensor<Target> {
    let floats = Tensor<Float>(unsafeUninitializedShape: shape) { out in
      let target = out.baseAddress!
      withPointer { x in
        parallelFor(elementCount, grain: elementwiseGrain) { range in
          Scalar._toFloat(x + range.lowerBound, target + range.lowerBound, range.count)
        }
      }
    }
    return floats.converted(to: type)
  }
}

extension Tensor where Scalar: RealScalar {
  /// The elements in 16 bits, rounded to nearest, ties to even; those of Double by way of Float.
  public func converted<Target: HalfPrecisionScalar>(to type: Target.Type) -> Tensor<Target> {
    converted(to: Float.self).withPointer { x in
      Tensor<Target>(unsafeUninitializedShape: shape) { out in
        let target = out.baseAddress!
        parallelFor(elementCount, grain: elementwiseGrain) { range in
          Target._fromFloat(x + range.lowerBound, target + range.lowerBound, range.count)
        }
      }
    }
  }
}

extension RandomSource {
  /// The number of elements that one block of the generator rounds.
  package static let roundingsPerBlock = 8

  /// The random draws that round `count` elements to bfloat16.
  package mutating func drawsForRounding(_ count: Int) -> loqt_draws {
    let blocks = (count + Self.roundingsPerBlock - 1) / Self.roundingsPerBlock
    let start = reserve(blocks: blocks)
    return loqt_draws(key: start.key, stream: start.stream, counter: start.counter)
  }
}

extension Tensor where Scalar == Float {
  /// The elements rounded to bfloat16 stochastically: each becomes one of its two neighbours, the
  /// nearer one more likely, so that the expected value is the element.
  public func converted(
    to type: BFloat16.Type, using source: inout RandomSource
  ) -> Tensor<BFloat16> {
    let perBlock = RandomSource.roundingsPerBlock
    let draws = source.drawsForRounding(elementCount)
    return withPointer { x in
      Tensor<BFloat16>(unsafeUninitializedShape: shape) { out in
        let target = UnsafeMutableRawPointer(out.baseAddress!)
          .assumingMemoryBound(to: UInt16.self)
        parallelFor(
          (elementCount + perBlock - 1) / perBlock, grain: elementwiseGrain / perBlock
        ) { blocks in
          let first = blocks.lowerBound * perBlock
          var draws = draws
          draws.counter &+= UInt64(blocks.lowerBound)
          loqt_f32_to_bf16_random(
            x + first, target + first, min(elementCount, blocks.upperBound * perBlock) - first,
            &draws)
        }
      }
    }
  }
}
