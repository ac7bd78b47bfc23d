internal import CKernels

/// The blocks of 32 elements of GGUF files that can be quantised to and computed with, by the names
/// of the format (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md).
public enum GGUFBlock: String, Hashable, Sendable, CaseIterable, Codable {
  /// 8 bits, symmetric: a half-precision step d and 32 codes q from -127 to 127; x = d q. 34 bytes.
  case q8_0  // swift-format-ignore: AlwaysUseLowerCamelCase
  /// 4 bits around 0: a half-precision step d and 32 codes q from 0 to 15; x = d (q - 8). 18 bytes.
  case q4_0  // swift-format-ignore: AlwaysUseLowerCamelCase
  /// 4 bits from the least element up: half-precision d and m and 32 codes q from 0 to 15;
  /// x = d q + m. 20 bytes.
  case q4_1  // swift-format-ignore: AlwaysUseLowerCamelCase

  /// The number of elements in a block.
  public static let elementCount = 32

  /// The number of bytes in a block.
  public var byteCount: Int {
    switch self {
    case .q8_0: 34
    case .q4_0: 18
    case .q4_1: 20
    }
  }

  /// The bytes of a block before its codes: one or two half-precision numbers.
  var headerByteCount: Int { self == .q4_1 ? 4 : 2 }

  /// The bytes of `elementCount` elements; the last block may be short.
  func byteCount(elementCount: Int) -> Int {
    dividedUp(elementCount, by: Self.elementCount) * byteCount
  }

  /// The number of the kind in the kernels.
  var kernelKind: Int32 {
    switch self {
    case .q8_0: Int32(LOQT_Q8_0)
    case .q4_0: Int32(LOQT_Q4_0)
    case .q4_1: Int32(LOQT_Q4_1)
    }
  }
}
