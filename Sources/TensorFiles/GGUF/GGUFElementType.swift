public import Quantization

/// How the elements of a tensor are stored in a GGUF file, as blocks of elements.
///
/// All types of the format (as of gguf 0.19) are known, so every file can be listed. F32, F16, BF16,
/// Q8_0, Q4_0 and Q4_1 can be read and written; Q5_0, Q5_1, Q2_K to Q6_K, IQ4_NL, IQ4_XS, F64 and the integers
/// only read.
public struct GGUFElementType: Hashable, Sendable, CustomStringConvertible {
  /// The number of the type in files.
  public let code: UInt32
  /// The name of the type, such as "Q8_0".
  public let description: String
  /// Elements of a block; 1 for plain types.
  public let blockElementCount: Int
  /// Bytes of a block.
  public let blockByteCount: Int

  /// The type with this number, or nil if the format has none.
  public init?(code: UInt32) {
    guard let type = Self.known[code] else { return nil }
    self = type
  }

  /// The type of quantised blocks.
  public init(_ block: GGUFBlock) {
    self = Self.known[block == .q8_0 ? 8 : block == .q4_0 ? 2 : 3]!
  }

  private init(_ code: UInt32, _ name: String, _ elements: Int, _ bytes: Int) {
    self.code = code
    description = name
    blockElementCount = elements
    blockByteCount = bytes
  }

  /// Single precision.
  public static let f32 = Self(code: 0)!
  /// Half precision.
  public static let f16 = Self(code: 1)!
  /// The upper halves of singles.
  public static let bf16 = Self(code: 30)!

  /// The kind of quantised block, if this library supports it.
  public var block: GGUFBlock? {
    switch code {
    case 8: .q8_0
    case 2: .q4_0
    case 3: .q4_1
    default: nil
    }
  }

  /// The blocks that are read as floats alone, if these are some.
  package var readBlock: GGUFReadBlock? { GGUFReadBlock(rawValue: code) }

  /// The names of the types that are read as floats.
  static var readable: String {
    known.values.filter {
      $0.block != nil || $0.readBlock != nil || [.f32, .f16, .bf16].contains($0.elementType)
    }.sorted { $0.code < $1.code }.map(\.description).joined(separator: ", ")
  }

  /// The plain element type, if this is one.
  public var elementType: ElementType? {
    switch code {
    case 0: .f32
    case 1: .f16
    case 30: .bf16
    case 24: .i8
    case 25: .i16
    case 26: .i32
    case 27: .i64
    case 28: .f64
    default: nil
    }
  }

  /// The bytes of a tensor of these sizes, outermost first, whose rows are whole blocks; nil if a product
  /// overflows.
  func byteCount(of dimensions: [Int]) -> Int? {
    var blocks = 1
    for (axis, size) in dimensions.enumerated() {
      let count = axis == dimensions.count - 1 ? size / blockElementCount : size
      // Zero sizes count as 1 in the overflow check, so that partial products are safe in any order.
      let (product, overflow) = blocks.multipliedReportingOverflow(by: max(count, 1))
      if overflow { return nil }
      blocks = product
    }
    let (elements, isTooMany) = blocks.multipliedReportingOverflow(by: blockElementCount)
    let (bytes, overflow) = blocks.multipliedReportingOverflow(by: blockByteCount)
    if overflow || isTooMany || elements < 0 { return nil }
    return dimensions.contains(0) ? 0 : bytes
  }

  private static let known: [UInt32: Self] = {
    let types = [
      Self(0, "F32", 1, 4), Self(1, "F16", 1, 2), Self(2, "Q4_0", 32, 18),
      Self(3, "Q4_1", 32, 20), Self(6, "Q5_0", 32, 22), Self(7, "Q5_1", 32, 24),
      Self(8, "Q8_0", 32, 34), Self(9, "Q8_1", 32, 40), Self(10, "Q2_K", 256, 84),
      Self(11, "Q3_K", 256, 110), Self(12, "Q4_K", 256, 144), Self(13, "Q5_K", 256, 176),
      Self(14, "Q6_K", 256, 210), Self(15, "Q8_K", 256, 292), Self(16, "IQ2_XXS", 256, 66),
      Self(17, "IQ2_XS", 256, 74), Self(18, "IQ3_XXS", 256, 98), Self(19, "IQ1_S", 256, 50),
      Self(20, "IQ4_NL", 32, 18), Self(21, "IQ3_S", 256, 110), Self(22, "IQ2_S", 256, 82),
      Self(23, "IQ4_XS", 256, 136), Self(24, "I8", 1, 1), Self(25, "I16", 1, 2),
      Self(26, "I32", 1, 4), Self(27, "I64", 1, 8), Self(28, "F64", 1, 8),
      Self(29, "IQ1_M", 256, 56), Self(30, "BF16", 1, 2), Self(34, "TQ1_0", 256, 54),
      Self(35, "TQ2_0", 256, 66), Self(39, "MXFP4", 32, 17), Self(40, "NVFP4", 64, 36),
      Self(41, "Q1_0", 128, 18),
    ]
    return Dictionary(uniqueKeysWithValues: types.map { ($0.code, $0) })
  }()
}
