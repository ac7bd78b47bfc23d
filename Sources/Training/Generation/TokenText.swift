internal import Tokenization

/// Decodes tokens one by one into whole characters, without special tokens.
struct TokenText {
  private let tokenizer: any Tokenizer
  private let hidden: Set<Int32>
  /// The tokens not yet returned and a few before them, since a decoder may treat a text's first token
  /// differently.
  private var tokens: [Int32]
  /// The number of their bytes that were returned or belong to the prompt.
  private var given: Int

  private static let contextCount = 8

  /// Creates the text after a prompt.
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

  /// The bytes of an incomplete last character.
  func rest() -> [UInt8] { Array(tokenizer.decodeBytes(tokens).dropFirst(given)) }

  /// The number of bytes before a last character that later tokens may complete. Tokenizers with byte tokens
  /// decode an incomplete character as U+FFFD.
  private static func completeCount(of bytes: [UInt8]) -> Int {
    var end = bytes.count
    while end >= 3, bytes[end - 3..<end].elementsEqual([0xEF, 0xBF, 0xBD]) { end -= 3 }
    // The last character's lead byte determines its length.
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
