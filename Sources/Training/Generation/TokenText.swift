internal import Tokenization

/// The bytes of tokens that come one by one: whole characters only, without special tokens.
struct TokenText {
  private let tokenizer: any Tokenizer
  private let hidden: Set<Int32>
  /// The tokens since, and shortly before, what was given out last: a decoder may treat the first token of
  /// a text differently.
  private var tokens: [Int32]
  /// Bytes of these that were given out, or belong to the prompt.
  private var given: Int

  private static let contextCount = 8

  /// Text that follows a prompt.
  init(after prompt: [Int32], _ tokenizer: any Tokenizer) {
    self.tokenizer = tokenizer
    hidden = Set(tokenizer.specialTokens.values)
    tokens = prompt.suffix(Self.contextCount).filter { [hidden] in !hidden.contains($0) }
    given = tokenizer.decodeBytes(tokens).count
  }

  /// The bytes that a token completes.
  mutating func append(_ token: Int32) -> [UInt8] {
    guard !hidden.contains(token) else { return [] }
    tokens.append(token)
    let bytes = tokenizer.decodeBytes(tokens)
    let end = Self.completeCount(of: bytes)
    let new = Array(bytes[min(given, end)..<end])
    given = max(given, end)
    if end == bytes.count, tokens.count > 4 * Self.contextCount {
      tokens = tokens.suffix(Self.contextCount)
      given = tokenizer.decodeBytes(tokens).count
    }
    return new
  }

  /// The bytes of a character that was never completed.
  func rest() -> [UInt8] { Array(tokenizer.decodeBytes(tokens).dropFirst(given)) }

  /// Bytes without those of a character that later tokens may complete, which tokenizers with a token for
  /// each byte spell as U+FFFD until then.
  private static func completeCount(of bytes: [UInt8]) -> Int {
    var end = bytes.count
    while end >= 3, bytes[end - 3..<end].elementsEqual([0xEF, 0xBF, 0xBD]) { end -= 3 }
    // The lead byte of the last character says how long it is.
    guard let lead = bytes[max(0, end - 4)..<end].lastIndex(where: { $0 & 0xC0 != 0x80 }) else {
      return end
    }
    let length =
      switch bytes[lead] {
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 1
      }
    return lead + length > end ? lead : end
  }
}
