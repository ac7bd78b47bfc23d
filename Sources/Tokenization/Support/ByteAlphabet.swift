/// The printable characters that spell the 256 bytes in byte-level tokenizer files, as in GPT-2: printable
/// Latin-1 characters spell themselves, and the 68 other bytes are spelled by U+0100 onwards in order.
enum ByteAlphabet {
  /// The code point that spells each byte.
  static let codePoints: [UInt32] = {
    var next: UInt32 = 0x100
    return (UInt32(0)..<256).map { byte in
      switch byte {
      case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF:
        return byte
      default:
        defer { next += 1 }
        return next
      }
    }
  }()

  /// The bytes in the order of their code points, which is their order in a trained vocabulary.
  static let bytesInCodePointOrder: [UInt8] =
    (UInt8.min...UInt8.max).sorted { codePoints[Int($0)] < codePoints[Int($1)] }

  private static let bytes: [UInt32: UInt8] =
    Dictionary(zip(codePoints, UInt8.min...UInt8.max), uniquingKeysWith: { first, _ in first })

  /// The bytes that `spelling` spells, or nil if a character is not in the alphabet.
  static func bytes(spelled spelling: Span<UInt8>, in range: Range<Int>) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(range.count)
    var position = range.lowerBound
    while position < range.upperBound {
      guard
        let (scalar, length) = decodeScalar(at: position, in: spelling, limit: range.upperBound),
        let byte = bytes[scalar.value]
      else { return nil }
      result.append(byte)
      position += length
    }
    return result
  }

  /// The spelling of `bytes` in UTF-8.
  static func spelling(of bytes: some Sequence<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    for byte in bytes {
      // Every code point of the alphabet is below U+0800, so it takes one or two bytes.
      let codePoint = codePoints[Int(byte)]
      if codePoint < 0x80 {
        result.append(UInt8(codePoint))
      } else {
        result.append(UInt8(0xC0 | codePoint >> 6))
        result.append(UInt8(0x80 | codePoint & 0x3F))
      }
    }
    return result
  }
}
