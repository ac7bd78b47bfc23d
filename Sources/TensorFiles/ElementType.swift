/// How the elements of a tensor are stored in a file, little-endian.
///
/// Numbers of 8 bits or fewer with a point, and complex ones, are known so that files with them can be listed;
/// nothing reads them.
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
  /// Complex numbers of two singles.
  case c64 = "C64"
  /// 4 bits of exponent, 3 of fraction.
  case f8e4m3 = "F8_E4M3"
  /// 5 bits of exponent, 2 of fraction.
  case f8e5m2 = "F8_E5M2"
  /// 8 bits of exponent alone.
  case f8e8m0 = "F8_E8M0"
  /// 2 bits of exponent, 3 of fraction, packed.
  case f6e2m3 = "F6_E2M3"
  /// 3 bits of exponent, 2 of fraction, packed.
  case f6e3m2 = "F6_E3M2"
  /// 2 bits of exponent, 1 of fraction, packed.
  case f4 = "F4"

  /// The size of one element in bits.
  public var bitCount: Int {
    switch self {
    case .f64, .i64, .u64, .c64: 64
    case .f32, .i32, .u32: 32
    case .f16, .bf16, .i16, .u16: 16
    case .i8, .u8, .bool, .f8e4m3, .f8e5m2, .f8e8m0: 8
    case .f6e2m3, .f6e3m2: 6
    case .f4: 4
    }
  }

  /// The size of one element in bytes; 1 for those that are packed closer.
  public var byteCount: Int { max(1, bitCount / 8) }

  /// The scalars that hold all values of some types.
  enum Family {
    case single, double, whole, truth
  }

  /// Those of this type; of one that nothing reads `single`, which says so.
  var family: Family {
    switch self {
    case .f64: .double
    case .i64, .i32, .i16, .i8, .u64, .u32, .u16, .u8: .whole
    case .bool: .truth
    default: .single
    }
  }

  /// The scalar to read it as where no other is asked for; nil where nothing reads it.
  var scalar: (any TensorFileScalar.Type)? {
    switch self {
    case .f64: Double.self
    case .f32, .f16, .bf16: Float.self
    case .i64, .u64, .u32: Int64.self
    case .i32, .i16, .i8, .u16: Int32.self
    case .u8: UInt8.self
    case .bool: Bool.self
    case .c64, .f8e4m3, .f8e5m2, .f8e8m0, .f6e2m3, .f6e3m2, .f4: nil
    }
  }

  /// The bytes that a tensor of these sizes takes, or nil where a product overflows or the last byte is not
  /// full.
  ///
  /// Zero sizes count as 1 in the overflow check, so that partial products are safe in any order.
  func byteCount(of dimensions: [Int]) -> Int? {
    // In bits where elements share bytes.
    let isPacked = bitCount < 8
    var count = isPacked ? bitCount : byteCount
    for size in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: max(size, 1))
      if overflow { return nil }
      count = product
    }
    if dimensions.contains(0) { return 0 }
    guard isPacked else { return count }
    return count % 8 == 0 ? count / 8 : nil
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
