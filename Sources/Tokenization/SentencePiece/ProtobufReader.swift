/// Reads a Protocol Buffers message field by field, without a schema.
struct ProtobufReader {
  enum Value {
    case integer(UInt64)
    /// The range of the bytes of a text or message.
    case bytes(Range<Int>)
    case word32(UInt32)
    case word64
  }

  private let bytes: [UInt8]
  private let file: String
  private var position: Int
  private let end: Int

  init(_ bytes: [UInt8], _ range: Range<Int>, file: String) {
    self.bytes = bytes
    self.file = file
    position = range.lowerBound
    end = range.upperBound
  }

  private func failure(_ message: String) -> TokenizerError {
    TokenizerError(
      .malformed, "\(file): not a SentencePiece model: \(message), at byte \(position)")
  }

  private mutating func variable() throws(TokenizerError) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard position < end else { throw failure("a number is cut off") }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    throw failure("a number of more than 64 bits")
  }

  /// The next field's number and value, or nil at the end.
  mutating func next() throws(TokenizerError) -> (field: Int, value: Value)? {
    guard position < end else { return nil }
    let key = try variable()
    guard key >> 3 > 0, key >> 3 < 1 << 29 else { throw failure("a field without a number") }
    let field = Int(key >> 3)
    switch key & 7 {
    case 0: return (field, .integer(try variable()))
    case 1:
      try skip(8)
      return (field, .word64)
    case 2:
      let length = try variable()
      guard length <= UInt64(end - position) else {
        throw failure("\(length) bytes are announced and \(end - position) are left")
      }
      let range = position..<position + Int(length)
      position = range.upperBound
      return (field, .bytes(range))
    case 5:
      let start = position
      try skip(4)
      let word = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
      return (field, .word32(word))
    default: throw failure("a field of an unknown kind")
    }
  }

  private mutating func skip(_ count: Int) throws(TokenizerError) {
    guard end - position >= count else { throw failure("a number is cut off") }
    position += count
  }
}
