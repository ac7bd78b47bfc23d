public import Tokenization

/// A tokenised text.
public struct TokenStream: Sendable {
  /// The ids.
  public let tokens: [Int32]
  /// Bytes of the text.
  public let byteCount: Int
  /// Bytes of the first token, which is not predicted.
  let firstByteCount: Int

  /// Tokenises a text in pieces, which bounds the tokenizer's working memory.
  ///
  /// Pieces end at a single line feed between two words, so the ids are those of the whole text. A
  /// tokenizer that may join across line ends gets the text whole.
  public init(_ text: [UInt8], tokenizer: any Tokenizer, pieceLength: Int = 1 << 20) {
    var tokens: [Int32] = []
    var start = 0
    while start < text.count {
      let end =
        tokenizer.encodesLinesApart
        ? Self.pieceEnd(in: text, from: start + pieceLength) : text.count
      tokens += tokenizer.encode(bytes: Array(text[start..<end]))
      start = end
    }
    self.tokens = tokens
    byteCount = text.count
    firstByteCount = tokenizer.decodeBytes(Array(tokens.prefix(1))).count
  }

  private static func pieceEnd(in text: [UInt8], from position: Int) -> Int {
    guard position < text.count else { return text.count }
    for i in max(2, position)..<text.count
    where text[i - 1] == 0x0A && isLetterOrDigit(text[i]) && isWord(text[i - 2]) {
      return i
    }
    return text.count
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: false
    }
  }

  /// Whether the byte is a visible ASCII character, whose class is known without decoding.
  private static func isWord(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }

  /// The average bytes of text per token.
  public var bytesPerToken: Double { Double(byteCount) / Double(max(1, tokens.count)) }
}
