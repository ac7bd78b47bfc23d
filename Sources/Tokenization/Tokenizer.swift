/// A tokenizer, which converts text to token ids and back.
///
/// A tokenizer works on bytes, which need not be valid UTF-8, and a token may end in the middle of a
/// character. If the vocabulary contains every byte, `decodeBytes(encode(bytes: x)) == x` for every `x`.
///
/// `encode` adds no tokens, such as begin or end markers, and treats spellings of special tokens as text,
/// so that no text can forge them. Insert special tokens by their ids, see `specialTokens`.
public protocol Tokenizer: Sendable {
  /// One more than the highest id, so that every id is in `0..<vocabularySize`.
  var vocabularySize: Int { get }

  /// The ids of the special tokens, such as an end-of-text marker, by their spelling.
  var specialTokens: [String: Int32] { get }

  /// The ids of the tokens with a role.
  var namedTokens: NamedTokens { get }

  /// The tokens that the model expects in front of a text, such as a begin marker.
  var startTokens: [Int32] { get }

  /// The template of conversations, if the tokenizer's files have one of a known kind.
  var chatTemplate: ChatTemplate? { get }

  /// Whether a text may be encoded in parts: its ids are the joined ids of its parts if it is cut after line
  /// feeds that have a visible ASCII character before and an ASCII letter or digit after them.
  var encodesLinesApart: Bool { get }

  /// The ids of `bytes`, which need not be valid UTF-8.
  func encode(bytes: [UInt8]) -> [Int32]

  /// The ids of `bytes`; with `recognizingSpecialTokens`, spellings of special tokens become these tokens.
  /// For text whose author is trusted, such as training data.
  func encode(bytes: [UInt8], recognizingSpecialTokens: Bool) -> [Int32]

  /// The ids of a conversation. Spellings of special tokens become tokens in the template's text, but stay
  /// text in what was said, so that no turn can forge another.
  func encode(_ chat: ChatText) -> [Int32]

  /// The joined bytes of the tokens `ids`. Ids outside the vocabulary are ignored.
  func decodeBytes(_ ids: [Int32]) -> [UInt8]

  /// Its files: those that it was read from, or `tokenizer.json` and `tokenizer_config.json` in the Hugging
  /// Face format, which `BytePairTokenizer(contentsOf:)` reads back with the same ids.
  var files: [TokenizerSourceFile] { get }
}

extension Tokenizer {
  /// No named tokens.
  public var namedTokens: NamedTokens { NamedTokens() }

  /// No start tokens.
  public var startTokens: [Int32] { [] }

  /// No template.
  public var chatTemplate: ChatTemplate? { nil }

  /// The ids of the whole text, for tokenizers without special tokens.
  public func encode(_ chat: ChatText) -> [Int32] { encode(chat.text) }

  /// False, since a token may span a line end unless the tokenizer is known to cut there.
  public var encodesLinesApart: Bool { false }

  /// The same as `encode(bytes:)`, for tokenizers without special tokens.
  public func encode(bytes: [UInt8], recognizingSpecialTokens: Bool) -> [Int32] {
    encode(bytes: bytes)
  }

  /// The ids of `text` in UTF-8.
  public func encode(_ text: String) -> [Int32] {
    encode(bytes: Array(text.utf8))
  }

  /// The text of the tokens `ids`, with U+FFFD in place of invalid UTF-8.
  ///
  /// A token may end within a character: decode a growing list of ids as a whole, or join the
  /// bytes of `decodeBytes`.
  public func decode(_ ids: [Int32]) -> String {
    String(decoding: decodeBytes(ids), as: UTF8.self)
  }
}
