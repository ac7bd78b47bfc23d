/// How the elements of a tensor are stored in a file, little-endian.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
  /// IEEE double precision.
  case f64 = "F64"
  /// IEEE single precision.
  case f32 = "F32"
  /// IEEE half precision.
  case f16 = "F16"
  /// The upper half of a single: 8 bits of exponent, 7 of fraction.
  case bf16 = "BF16"
  /// Signed integers of 64 bits.
  case i64 = "I64"
  /// Signed integers of 32 bits.
  case i32 = "I32"
  /// Signed integers of 16 bits.
  case i16 = "I16"
  /// Signed integers of 8 bits.
  case i8 = "I8"
  /// Bytes.
  case u8 = "U8"
  /// Truth values, one a byte, 0 or 1.
  case bool = "BOOL"

  /// The size of one element in bytes.
  public var byteCount: Int {
    switch self {
    case .f64, .i64: 8
    case .f32, .i32: 4
    case .f16, .bf16, .i16: 2
    case .i8, .u8, .bool: 1
    }
  }

  /// The bytes that a tensor of these sizes takes, or nil where a product overflows.
  ///
  /// Zeros count as ones for the overflow, so that partial products are safe in any order.
  func byteCount(of dimensions: [Int]) -> Int? {
    var bytes = byteCount
    for size in dimensions {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: max(size, 1))
      if overflow { return nil }
      bytes = product
    }
    return dimensions.contains(0) ? 0 : bytes
  }
}

extension Float {
  /// The value of a half precision number.
  init(halfBits: UInt16) {
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

  /// The nearest half precision number, ties to even; too large a value becomes infinity.
  var halfBits: UInt16 {
    let sign = UInt16(truncatingIfNeeded: bitPattern >> 16) & 0x8000
    let magnitude = bitPattern & 0x7fff_ffff
    if magnitude > 0x7f80_0000 {
      return sign | 0x7e00 | UInt16(truncatingIfNeeded: magnitude >> 13) & 0x3ff
    }
    if magnitude >= 0x477f_f000 { return sign | 0x7c00 }
    if magnitude < 0x3880_0000 {
      // Next to 1/2 singles are 2^-24 apart, as subnormal halves are: the sum rounds to them.
      let sum = Float(bitPattern: magnitude) + 0.5
      return sign | UInt16(truncatingIfNeeded: sum.bitPattern - (0.5 as Float).bitPattern)
    }
    let rounded = magnitude + 0xfff + (magnitude >> 13 & 1)
    return sign | UInt16(truncatingIfNeeded: (rounded - 0x3800_0000) >> 13)
  }

  /// The value of a bfloat16 number.
  init(bfloatBits: UInt16) { self.init(bitPattern: UInt32(bfloatBits) << 16) }

  /// The nearest bfloat16 number, ties to even.
  var bfloatBits: UInt16 {
    if isNaN { return UInt16(truncatingIfNeeded: bitPattern >> 16) | 0x40 }
    let rounded = bitPattern &+ 0x7fff &+ (bitPattern >> 16 & 1)
    return UInt16(truncatingIfNeeded: rounded >> 16)
  }
}
