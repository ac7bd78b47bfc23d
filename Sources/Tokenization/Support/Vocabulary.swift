/// A map from ids to tokens and back.
struct Vocabulary: Equatable, Sendable {
  /// The bytes of each token; empty for an id without a token.
  private(set) var tokens = ByteStrings()
  private var table = ByteStringTable()

  /// One more than the highest id.
  var count: Int { tokens.count }

  init() {}

  /// A vocabulary of tokens. Searches find only ids that `isFound` accepts, and of equal tokens the highest
  /// id.
  init(tokens: ByteStrings, finding isFound: (Int) -> Bool = { _ in true }) {
    self.tokens = tokens
    let bytes = tokens.bytes.span
    for id in 0..<tokens.count where isFound(id) {
      let range = tokens.range(id)
      guard !range.isEmpty else { continue }
      table.update(
        range, hash: ByteStringTable.hash(bytes, range), value: Int32(id), storage: bytes)
    }
  }

  subscript(id: Int32) -> ArraySlice<UInt8> { tokens[Int(id)] }

  func contains(_ id: Int32) -> Bool { 0 <= id && Int(id) < tokens.count }

  /// The id of the token at `range` of `bytes`.
  func id(of bytes: Span<UInt8>, _ range: Range<Int>) -> Int32? {
    id(of: bytes, range, hash: ByteStringTable.hash(bytes, range))
  }

  func id(of bytes: Span<UInt8>, _ range: Range<Int>, hash: UInt32) -> Int32? {
    table.value(of: bytes, range, hash: hash, storage: tokens.bytes.span)
  }

  func id(of token: some Collection<UInt8>) -> Int32? {
    let token = Array(token)
    return id(of: token.span, 0..<token.count)
  }

  /// The ids of the tokens spelled like `<0x0A>` for all bytes, or nil if one is missing.
  func byteFallback() -> [Int32]? {
    var ids: [Int32] = []
    for byte in UInt8.min...UInt8.max {
      guard let id = id(of: Self.spelling(ofByte: byte)) else { return nil }
      ids.append(id)
    }
    return ids
  }

  static func spelling(ofByte byte: UInt8) -> [UInt8] {
    let digits = Array("0123456789ABCDEF".utf8)
    return Array("<0x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      + [UInt8(ascii: ">")]
  }

  /// The byte that a token like `<0x0A>` spells.
  static func byte(spelledBy token: some Collection<UInt8>) -> UInt8? {
    guard token.count == 6 else { return nil }
    let token = Array(token)
    guard token[0] == UInt8(ascii: "<"), token[1] == UInt8(ascii: "0"),
      token[2] == UInt8(ascii: "x"), token[5] == UInt8(ascii: ">")
    else { return nil }
    return UInt8(String(decoding: token[3...4], as: UTF8.self), radix: 16)
  }

  static func == (left: Self, right: Self) -> Bool { left.tokens == right.tokens }
}
