/// The Unicode scalar at `position` and its length in bytes, or nil if the bytes before `limit` are not
/// well-formed UTF-8 (Unicode, table 3-7).
@inline(__always)
func decodeScalar(
  at position: Int, in bytes: Span<UInt8>, limit: Int
) -> (scalar: Unicode.Scalar, length: Int)? {
  let first = bytes[position]
  if first < 0x80 { return (Unicode.Scalar(first), 1) }
  return multiByteScalar(first, at: position, in: bytes, limit: limit)
}

private func multiByteScalar(
  _ first: UInt8, at position: Int, in bytes: Span<UInt8>, limit: Int
) -> (scalar: Unicode.Scalar, length: Int)? {
  let length: Int
  let minimum: UInt32
  var value: UInt32
  switch first {
  case 0xC2...0xDF: (length, minimum, value) = (2, 0x80, UInt32(first & 0x1F))
  case 0xE0...0xEF: (length, minimum, value) = (3, 0x800, UInt32(first & 0x0F))
  case 0xF0...0xF4: (length, minimum, value) = (4, 0x10000, UInt32(first & 0x07))
  default: return nil
  }
  guard limit - position >= length else { return nil }
  for offset in 1..<length {
    let byte = bytes[position + offset]
    guard byte & 0xC0 == 0x80 else { return nil }
    value = value << 6 | UInt32(byte & 0x3F)
  }
  // The scalar's own initialiser rejects surrogates and values past U+10FFFF.
  guard value >= minimum, let scalar = Unicode.Scalar(value) else { return nil }
  return (scalar, length)
}

/// Calls `body` with every scalar of `text` and its range; a byte of invalid UTF-8 is passed as nil.
@inline(__always)
func forEachScalar(in text: [UInt8], _ body: (Unicode.Scalar?, Range<Int>) -> Void) {
  let span = text.span
  var position = 0
  while position < text.count {
    let decoded = decodeScalar(at: position, in: span, limit: text.count)
    let end = position + (decoded?.length ?? 1)
    body(decoded?.scalar, position..<end)
    position = end
  }
}

extension [UInt8] {
  /// Whether every byte is ASCII.
  var isASCII: Bool { allSatisfy { $0 < 0x80 } }

  /// Appends the UTF-8 form of a scalar.
  mutating func append(_ scalar: Unicode.Scalar) {
    append(contentsOf: UTF8.encode(scalar)!)
  }
}
