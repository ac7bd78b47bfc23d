/// A strict pull parser for JSON (RFC 8259).
///
/// It returns one value at a time and builds no tree, so a hostile file of a hundred
/// megabytes costs no more memory than the caller keeps. Duplicate keys, invalid UTF-8, lone
/// surrogates, nesting deeper than 128, objects of more than `maximumMembers` and strings of more
/// than `maximumStringLength` bytes are errors, thrown as the caller's error type.
package struct JSONReader<Failure: JSONFailure> {
  private static var maximumDepth: Int { 128 }

  /// The name of the text in errors.
  package let file: String

  private let bytes: [UInt8]
  private let maximumMembers: Int
  private let maximumStringLength: Int
  private var position = 0
  private var depth = 0
  private var steps: [Step] = []

  private enum Step {
    case key(String)
    case place(Int)
  }

  /// The keys and array indices (such as `[3]`) that lead to the current value.
  package var path: [String] {
    steps.map { step in
      switch step {
      case .key(let key): key
      case .place(let index): "[\(index)]"
      }
    }
  }

  package init(
    _ bytes: [UInt8], file: String, maximumMembers: Int = .max, maximumStringLength: Int = .max
  ) {
    self.bytes = bytes
    self.file = file
    self.maximumMembers = maximumMembers
    self.maximumStringLength = maximumStringLength
  }

  // MARK: Errors

  /// An error about the current value.
  package func failure(
    _ found: String, expected: String? = nil, code: JSONError.Code = .malformed,
    at offset: Int? = nil, field: String? = nil
  ) -> Failure {
    Failure(
      JSONError(
        code: code, file: file, field: field, offset: offset ?? position, found: found,
        expected: expected, path: path))
  }

  private func unexpected(_ expected: String) -> Failure {
    guard position < bytes.count else { return failure("the text ends", expected: expected) }
    let byte = bytes[position]
    let shown =
      byte > 0x20 && byte < 0x7f
      ? "'\(Character(UnicodeScalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
    return failure(shown, expected: expected)
  }

  // MARK: Structure

  private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

  private mutating func skipWhitespace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0a, 0x0d: position += 1
      default: return
      }
    }
  }

  private mutating func expect(
    _ byte: UInt8, _ expected: @autoclosure () -> String
  ) throws(Failure) {
    guard peek == byte else { throw unexpected(expected()) }
    position += 1
  }

  /// The kind of the next value, without consuming it.
  package mutating func nextKind() throws(Failure) -> JSONKind {
    skipWhitespace()
    switch peek {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "\""): return .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return .boolean
    case UInt8(ascii: "n"): return .null
    case let byte? where byte == UInt8(ascii: "-") || Self.isDigit(byte): return .number
    default: throw unexpected("a value")
    }
  }

  /// Fails unless the next value is of this kind.
  package mutating func require(_ kind: JSONKind, field: String? = nil) throws(Failure) {
    let found = try nextKind()
    if found != kind {
      throw failure(
        found.rawValue, expected: kind.rawValue, code: .typeMismatch, field: field)
    }
  }

  /// Fails unless only whitespace is left.
  package mutating func end() throws(Failure) {
    skipWhitespace()
    if position < bytes.count { throw unexpected("the end of the text") }
  }

  private mutating func enter() throws(Failure) {
    depth += 1
    if depth > Self.maximumDepth {
      throw failure("values nested deeper than \(Self.maximumDepth)", code: .limitExceeded)
    }
    position += 1
    skipWhitespace()
  }

  /// Reads an object; `member` must consume the value of each key.
  package mutating func object(
    _ member: (inout Self, _ key: String) throws(Failure) -> Void
  ) throws(Failure) {
    var keys: Set<ByteKey> = []
    try entries { (reader, key, start) throws(Failure) in
      guard keys.insert(ByteKey(key)).inserted else {
        throw reader.failure(
          "a duplicate key \(JSONError.quoted(key))", code: .duplicate, at: start)
      }
      guard keys.count <= reader.maximumMembers else {
        throw reader.failure(
          "more than \(reader.maximumMembers) keys in one object", code: .limitExceeded, at: start)
      }
      try reader.expectColon(after: key)
      reader.steps.append(.key(key))
      try member(&reader, key)
      reader.steps.removeLast()
    }
  }

  /// Reads an object with any number of keys, which may repeat; `entry` must consume each value.
  package mutating func entries(
    _ entry: (inout Self, _ key: String) throws(Failure) -> Void
  ) throws(Failure) {
    try entries { (reader, key, _) throws(Failure) in
      try reader.expectColon(after: key)
      try entry(&reader, key)
    }
  }

  private mutating func entries(
    _ entry: (inout Self, _ key: String, _ start: Int) throws(Failure) -> Void
  ) throws(Failure) {
    try require(.object)
    try enter()
    defer { depth -= 1 }
    if peek == UInt8(ascii: "}") {
      position += 1
      return
    }
    while true {
      skipWhitespace()
      let start = position
      guard peek == UInt8(ascii: "\"") else { throw unexpected("a key in double quotes") }
      try entry(&self, try string(), start)
      skipWhitespace()
      if peek == UInt8(ascii: ",") {
        position += 1
      } else {
        return try expect(UInt8(ascii: "}"), "',' or '}'")
      }
    }
  }

  private mutating func expectColon(after key: String) throws(Failure) {
    skipWhitespace()
    try expect(UInt8(ascii: ":"), "':' after the key \(JSONError.quoted(key))")
  }

  /// Reads an array; `element` must consume each value.
  package mutating func array(
    _ element: (inout Self, _ index: Int) throws(Failure) -> Void
  ) throws(Failure) {
    try require(.array)
    try enter()
    defer { depth -= 1 }
    if peek == UInt8(ascii: "]") {
      position += 1
      return
    }
    var index = 0
    while true {
      steps.append(.place(index))
      try element(&self, index)
      steps.removeLast()
      index += 1
      skipWhitespace()
      if peek == UInt8(ascii: ",") {
        position += 1
      } else {
        return try expect(UInt8(ascii: "]"), "',' or ']'")
      }
    }
  }

  /// Checks one value of any kind and discards it.
  package mutating func skipValue() throws(Failure) {
    switch try nextKind() {
    case .object:
      try object { (reader, _) throws(Failure) in try reader.skipValue() }
    case .array:
      try array { (reader, _) throws(Failure) in try reader.skipValue() }
    case .string: _ = try string()
    case .number: _ = try number()
    case .boolean: _ = try boolean()
    case .null: try null()
    }
  }

  // MARK: Scalars

  private static func isDigit(_ byte: UInt8) -> Bool {
    byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  private mutating func word(_ word: StaticString) throws(Failure) {
    let length = word.utf8CodeUnitCount
    let matches =
      bytes.count - position >= length
      && word.withUTF8Buffer { $0.elementsEqual(bytes[position..<position + length]) }
    guard matches else { throw unexpected("'\(word)'") }
    position += length
  }

  package mutating func null() throws(Failure) {
    try require(.null)
    try word("null")
  }

  /// Reads `null` if it is next.
  package mutating func takeNull() throws(Failure) -> Bool {
    guard try nextKind() == .null else { return false }
    try null()
    return true
  }

  package mutating func boolean() throws(Failure) -> Bool {
    try require(.boolean)
    if peek == UInt8(ascii: "t") {
      try word("true")
      return true
    }
    try word("false")
    return false
  }

  private mutating func digits() throws(Failure) {
    let start = position
    while let byte = peek, Self.isDigit(byte) { position += 1 }
    if position == start { throw unexpected("a digit") }
  }

  /// Reads a number: an integer where it is written as one and fits, otherwise floating point.
  package mutating func number() throws(Failure) -> JSONNumber {
    try require(.number)
    let start = position
    var isInteger = true
    if peek == UInt8(ascii: "-") { position += 1 }
    if peek == UInt8(ascii: "0") { position += 1 } else { try digits() }
    if peek == UInt8(ascii: ".") {
      isInteger = false
      position += 1
      try digits()
    }
    if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
      isInteger = false
      position += 1
      if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
      try digits()
    }
    // JSON allows no leading zeros: the digits after one are left over, and the caller reports
    // them.
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isInteger, text != "-0", let integer = Int(text) { return .integer(integer) }
    guard let value = Double(text), value.isFinite else {
      throw failure(
        "the number \(JSONError.quoted(text)), too large for a double", code: .limitExceeded,
        at: start)
    }
    return .floating(value)
  }

  /// Reads an integer in a range.
  package mutating func integer(
    in range: ClosedRange<Int>, field: String? = nil
  ) throws(Failure) -> Int {
    try require(.number, field: field)
    let start = position
    if case .integer(let value) = try number(), range.contains(value) { return value }
    throw failure(
      String(decoding: bytes[start..<position].prefix(40), as: UTF8.self),
      expected: "an integer between \(range.lowerBound) and \(range.upperBound)",
      code: .invalidValue, at: start, field: field)
  }

  package mutating func string() throws(Failure) -> String {
    try require(.string)
    let start = position
    position += 1
    let first = position
    while let byte = peek, byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
      position += 1
    }
    try checkLength(from: start)
    if peek == UInt8(ascii: "\"") {
      defer { position += 1 }
      return try validated(bytes[first..<position], at: start)
    }
    var content = Array(bytes[first..<position])
    while true {
      try checkLength(from: start)
      guard let byte = peek else { throw unexpected("'\"' at the end of the string") }
      switch byte {
      case UInt8(ascii: "\""):
        position += 1
        return try validated(content[...], at: start)
      case UInt8(ascii: "\\"):
        content.append(contentsOf: String(try escape()).utf8)
      case 0..<0x20:
        throw unexpected("control characters in strings to be escaped")
      default:
        content.append(byte)
        position += 1
      }
    }
  }

  private func checkLength(from start: Int) throws(Failure) {
    if position - start > maximumStringLength {
      throw failure(
        "a string of more than \(maximumStringLength) bytes", code: .limitExceeded, at: start)
    }
  }

  private func validated(_ content: ArraySlice<UInt8>, at start: Int) throws(Failure)
    -> String
  {
    guard let text = String(validating: content, as: UTF8.self) else {
      throw failure("a string that is not UTF-8", expected: "UTF-8", at: start)
    }
    return text
  }

  private mutating func escape() throws(Failure) -> Unicode.Scalar {
    position += 1
    defer { position += 1 }
    switch peek {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw unexpected("an escape sequence of JSON")
    }
    let unit = try hexadecimalUnit()
    if let scalar = Unicode.Scalar(UInt32(unit)) { return scalar }
    let start = position
    if unit < 0xdc00, position + 2 < bytes.count, bytes[position + 1] == UInt8(ascii: "\\"),
      bytes[position + 2] == UInt8(ascii: "u")
    {
      position += 2
      let second = try hexadecimalUnit()
      if (0xdc00...0xdfff).contains(second) {
        let value = 0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(second) - 0xdc00)
        if let scalar = Unicode.Scalar(value) { return scalar }
      }
    }
    throw failure("half a surrogate pair", expected: "a Unicode scalar", at: start)
  }

  /// Reads the four digits after the `u` at `position` and stops at the last one.
  private mutating func hexadecimalUnit() throws(Failure) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      position += 1
      guard let byte = peek, let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw unexpected("four hexadecimal digits")
      }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }
}

/// The kinds of values.
package enum JSONKind: String {
  case object = "an object"
  case array = "an array"
  case string = "a string"
  case number = "a number"
  case boolean = "a boolean"
  case null = "null"
}

/// A number: an integer if it is written as one and fits.
package enum JSONNumber {
  case integer(Int)
  case floating(Double)
}
