/// Reads JSON (RFC 8259) from front to back as a caller asks for it, without building a tree: what
/// a caller does not ask for is checked and skipped, so a hostile file cannot claim more memory
/// than the caller stores. Errors name the file and the field.
struct JSONReader {
  private static let deepestNesting = 64

  let file: String
  private let bytes: [UInt8]
  private var position = 0
  private var path: [String] = []

  init(_ bytes: [UInt8], file: String) {
    self.bytes = bytes
    self.file = file
  }

  /// An error about the value at work, or about its field `field`.
  func error(
    _ code: TokenizerError.Code, _ message: String, field: String? = nil
  ) -> TokenizerError {
    let path = (path + (field.map { [$0] } ?? [])).joined(separator: ".")
    return TokenizerError(code, "\(file): \(path.isEmpty ? "" : path + ": ")\(message)")
  }

  /// `text` in quotes, cut where it is too long for a message.
  static func quoted(_ text: some Collection<UInt8>) -> String {
    let shown = String(decoding: text.prefix(60), as: UTF8.self)
    return "\"\(shown)\(text.count > 60 ? "…" : "")\""
  }

  // MARK: Values

  /// Reads an object: calls `body` for each key in `fields`, which must read the value, and skips
  /// all other keys. A key in `fields` may occur once.
  mutating func readObject(
    _ fields: Set<String>,
    _ body: (inout JSONReader, String) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    var seen: Set<String> = []
    try readEntries { (reader, key) throws(TokenizerError) in
      let name = String(decoding: key, as: UTF8.self)
      guard fields.contains(name) else { return try reader.skipValue() }
      reader.path.append(name)
      guard seen.insert(name).inserted else {
        throw reader.error(.duplicate, "the field occurs twice")
      }
      try body(&reader, name)
      reader.path.removeLast()
    }
  }

  /// Reads an object of any keys: calls `body` for each, which must read the value.
  mutating func readEntries(
    _ body: (inout JSONReader, [UInt8]) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    guard peek() == UInt8(ascii: "{") else { throw mismatch(expected: "an object") }
    position += 1
    if take(UInt8(ascii: "}")) { return }
    repeat {
      guard peek() == UInt8(ascii: "\"") else { throw malformed("expected a key in quotes") }
      let key = try readString()
      guard take(UInt8(ascii: ":")) else { throw malformed("expected ':' after a key") }
      try body(&self, key)
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "}")) else { throw malformed("expected ',' or '}' in an object") }
  }

  /// Reads an array: calls `body` for each element, which must read it.
  mutating func readArray(
    _ body: (inout JSONReader, Int) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    guard peek() == UInt8(ascii: "[") else { throw mismatch(expected: "an array") }
    position += 1
    if take(UInt8(ascii: "]")) { return }
    var index = 0
    repeat {
      path.append("[\(index)]")
      try body(&self, index)
      path.removeLast()
      index += 1
    } while take(UInt8(ascii: ","))
    guard take(UInt8(ascii: "]")) else { throw malformed("expected ',' or ']' in an array") }
  }

  /// Reads a string; its UTF-8 form.
  mutating func readString() throws(TokenizerError) -> [UInt8] {
    guard peek() == UInt8(ascii: "\"") else { throw mismatch(expected: "a string") }
    position += 1
    var result: [UInt8] = []
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return result
      case UInt8(ascii: "\\"):
        try readEscape(into: &result)
      case 0..<0x20:
        throw malformed("a control character in a string must be escaped")
      default:
        guard
          let (_, length) = decodeScalar(at: position, in: bytes.span, limit: bytes.count)
        else { throw malformed("a string is not UTF-8") }
        result.append(contentsOf: bytes[position..<position + length])
        position += length
      }
    }
    throw malformed("the file ends within a string")
  }

  mutating func readBool() throws(TokenizerError) -> Bool {
    if takeWord("true") { return true }
    if takeWord("false") { return false }
    throw mismatch(expected: "true or false")
  }

  /// Reads an integer in `range`.
  mutating func readInteger(in range: ClosedRange<Int>) throws(TokenizerError) -> Int {
    guard isNumberStart(peek()) else { throw mismatch(expected: "an integer") }
    let text = try readNumber()
    guard let value = Int(String(decoding: text, as: UTF8.self)), range.contains(value) else {
      throw error(
        .invalidValue,
        "expected an integer from \(range.lowerBound) to \(range.upperBound), found "
          + String(decoding: text.prefix(30), as: UTF8.self))
    }
    return value
  }

  /// Reads `null` if it is next.
  mutating func takeNull() -> Bool { takeWord("null") }

  /// Whether the next value is a string.
  mutating func isAtString() -> Bool { peek() == UInt8(ascii: "\"") }

  /// Whether the next value is `true` or `false`.
  mutating func isAtBool() -> Bool {
    peek() == UInt8(ascii: "t") || peek() == UInt8(ascii: "f")
  }

  /// Checks and passes over any value.
  mutating func skipValue() throws(TokenizerError) {
    try skipValue(depth: 0)
  }

  /// Requires that nothing but white space follows.
  mutating func readEnd() throws(TokenizerError) {
    guard peek() == nil else { throw malformed("data after the end of the document") }
  }

  // MARK: Parts

  private mutating func skipValue(depth: Int) throws(TokenizerError) {
    guard depth < Self.deepestNesting else { throw malformed("values are nested too deeply") }
    switch peek() {
    case UInt8(ascii: "{"):
      try readEntries { (reader, _) throws(TokenizerError) in
        try reader.skipValue(depth: depth + 1)
      }
    case UInt8(ascii: "["):
      try readArray { (reader, _) throws(TokenizerError) in
        try reader.skipValue(depth: depth + 1)
      }
    case UInt8(ascii: "\""):
      _ = try readString()
    case let byte where isNumberStart(byte):
      _ = try readNumber()
    default:
      guard takeWord("true") || takeWord("false") || takeWord("null") else {
        throw malformed("expected a value")
      }
    }
  }

  private func isNumberStart(_ byte: UInt8?) -> Bool {
    byte.map { $0 == UInt8(ascii: "-") || isDigit($0) } ?? false
  }

  private func isDigit(_ byte: UInt8) -> Bool {
    UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte
  }

  private mutating func readNumber() throws(TokenizerError) -> ArraySlice<UInt8> {
    let start = position
    position += bytes[position] == UInt8(ascii: "-") ? 1 : 0
    let integerStart = position
    guard skipDigits() else { throw malformed("expected a digit") }
    guard bytes[integerStart] != UInt8(ascii: "0") || position == integerStart + 1 else {
      throw malformed("a number starts with 0")
    }
    if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
      position += 1
      guard skipDigits() else { throw malformed("expected a digit after '.'") }
    }
    if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
      position += 1
      if position < bytes.count,
        bytes[position] == UInt8(ascii: "+") || bytes[position] == UInt8(ascii: "-")
      {
        position += 1
      }
      guard skipDigits() else { throw malformed("expected a digit in an exponent") }
    }
    return bytes[start..<position]
  }

  private mutating func skipDigits() -> Bool {
    let start = position
    while position < bytes.count, isDigit(bytes[position]) { position += 1 }
    return position > start
  }

  private mutating func readEscape(into result: inout [UInt8]) throws(TokenizerError) {
    guard position + 1 < bytes.count else { throw malformed("the file ends within a string") }
    let byte = bytes[position + 1]
    position += 2
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
    case UInt8(ascii: "b"): result.append(0x08)
    case UInt8(ascii: "f"): result.append(0x0C)
    case UInt8(ascii: "n"): result.append(0x0A)
    case UInt8(ascii: "r"): result.append(0x0D)
    case UInt8(ascii: "t"): result.append(0x09)
    case UInt8(ascii: "u"):
      var value = try readHexadecimal()
      if 0xD800..<0xDC00 ~= value, position + 1 < bytes.count,
        bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
      {
        position += 2
        let low = try readHexadecimal()
        guard 0xDC00..<0xE000 ~= low else { throw malformed("an unpaired surrogate") }
        value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(value) else { throw malformed("an unpaired surrogate") }
      result.append(contentsOf: UTF8.encode(scalar)!)
    default:
      throw malformed("an unknown escape in a string")
    }
  }

  private mutating func readHexadecimal() throws(TokenizerError) -> UInt32 {
    guard position + 4 <= bytes.count else { throw malformed("the file ends within a string") }
    var value: UInt32 = 0
    for byte in bytes[position..<position + 4] {
      guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw malformed("expected four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
    }
    position += 4
    return value
  }

  /// The next byte that is not white space, or nil at the end.
  private mutating func peek() -> UInt8? {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return bytes[position]
      }
    }
    return nil
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte else { return false }
    position += 1
    return true
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    let word = Array("\(word)".utf8)
    guard peek() == word[0], bytes[position...].starts(with: word) else { return false }
    position += word.count
    return true
  }

  private func malformed(_ message: String) -> TokenizerError {
    error(.malformed, "not valid JSON: \(message), at byte \(position)")
  }

  private mutating func mismatch(expected: String) -> TokenizerError {
    let found: String
    switch peek() {
    case nil: return malformed("expected \(expected), but the file ends")
    case UInt8(ascii: "{"): found = "an object"
    case UInt8(ascii: "["): found = "an array"
    case UInt8(ascii: "\""): found = "a string"
    case UInt8(ascii: "t"), UInt8(ascii: "f"): found = "true or false"
    case UInt8(ascii: "n"): found = "null"
    case let byte where isNumberStart(byte): found = "a number"
    default: return malformed("expected \(expected)")
    }
    return error(.wrongType, "expected \(expected), found \(found)")
  }
}
