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
  /// Unsigned integers of 64 bits.
  case u64 = "U64"
  /// Unsigned integers of 32 bits.
  case u32 = "U32"
  /// Unsigned integers of 16 bits.
  case u16 = "U16"
  /// Bytes.
  case u8 = "U8"
  /// Truth values, one per byte, 0 or 1.
  case bool = "BOOL"

  /// The size of one element in bytes.
  public var byteCount: Int {
    switch self {
    case .f64, .i64, .u64: 8
    case .f32, .i32, .u32: 4
    case .f16, .bf16, .i16, .u16: 2
    case .i8, .u8, .bool: 1
    }
  }

  /// The scalar to read it as by default.
  var scalar: any TensorFileScalar.Type {
    switch self {
    case .f64: Double.self
    case .f32, .f16, .bf16: Float.self
    case .i64, .u64, .u32: Int64.self
    case .i32, .i16, .i8, .u16: Int32.self
    case .u8: UInt8.self
    case .bool: Bool.self
    }
  }

  /// The bytes of a tensor of these sizes, or nil if a product overflows.
  ///
  /// Zero sizes count as 1 in the overflow check, so that partial products are safe in any order.
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
  /// The value of a bfloat16 number.
  init(bfloatBits: UInt16) { self.init(bitPattern: UInt32(bfloatBits) << 16) }

  /// The nearest bfloat16 number, ties to even.
  var bfloatBits: UInt16 {
    if isNaN { return UInt16(truncatingIfNeeded: bitPattern >> 16) | 0x40 }
    let rounded = bitPattern &+ 0x7fff &+ (bitPattern >> 16 & 1)
    return UInt16(truncatingIfNeeded: rounded >> 16)
  }
}
