#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

/// Text to token ids and back.
///
/// A tokenizer works on bytes: a corpus is a row of bytes, which need not be valid UTF-8, and a
/// token may end in the middle of a character. For a tokenizer whose vocabulary holds every byte,
/// `decodeBytes(encode(bytes: x)) == x` for every `x`.
///
/// `encode` adds nothing (no begin or end marker) and takes special tokens spelled out in the text
/// as text, so that no text can forge them; insert them by id, see `specialTokens`.
public protocol Tokenizer: Sendable {
  /// One more than the highest id: every id is in `0..<vocabularySize`.
  var vocabularySize: Int { get }

  /// The ids of the special tokens, such as an end-of-text marker, by their spelling.
  var specialTokens: [String: Int32] { get }

  /// The ids of the tokens that have a role.
  var namedTokens: NamedTokens { get }

  /// The tokens that the model expects in front of a text, such as a begin marker.
  var startTokens: [Int32] { get }

  /// How conversations are written, where the tokenizer's files have a template of a known kind.
  var chatTemplate: ChatTemplate? { get }

  /// Whether a text may be encoded in parts: its ids are those of its parts, joined, where it is cut
  /// after a line feed with a visible character of ASCII before it and a letter or digit of ASCII after
  /// it.
  var encodesLinesApart: Bool { get }

  /// The ids of `bytes`, which need not be valid UTF-8.
  func encode(bytes: [UInt8]) -> [Int32]

  /// The ids of `bytes`; the spelling of a special token in it becomes that token where
  /// `recognizingSpecialTokens`. For text whose author is trusted, such as training data.
  func encode(bytes: [UInt8], recognizingSpecialTokens: Bool) -> [Int32]

  /// The ids of a conversation. The special tokens of its template become tokens; what they are
  /// spelled like in what was said stays text, so that no turn can forge another.
  func encode(_ chat: ChatText) -> [Int32]

  /// The bytes that the tokens `ids` stand for, joined. An id that the vocabulary lacks stands for
  /// no bytes.
  func decodeBytes(_ ids: [Int32]) -> [UInt8]

  /// Writes `tokenizer.json` and `tokenizer_config.json` into the existing folder `folder`, in the
  /// Hugging Face format; `BytePairTokenizer(contentsOf:)` reads them back with the same ids.
  ///
  /// Throws `TokenizerError` with the code `.unwritable`.
  func save(to folder: URL) throws(TokenizerError)
}

extension Tokenizer {
  /// None.
  public var namedTokens: NamedTokens { NamedTokens() }

  /// None.
  public var startTokens: [Int32] { [] }

  /// None.
  public var chatTemplate: ChatTemplate? { nil }

  /// The ids of the whole text: for tokenizers without special tokens.
  public func encode(_ chat: ChatText) -> [Int32] { encode(chat.text) }

  /// False: what is not known to be cut there may go on across the line end.
  public var encodesLinesApart: Bool { false }

  /// The same as `encode(bytes:)`: for tokenizers without special tokens.
  public func encode(bytes: [UInt8], recognizingSpecialTokens: Bool) -> [Int32] {
    encode(bytes: bytes)
  }

  /// The ids of the UTF-8 form of `text`.
  public func encode(_ text: String) -> [Int32] {
    encode(bytes: Array(text.utf8))
  }

  /// The text that the tokens `ids` stand for, with U+FFFD in place of bytes that are not UTF-8.
  ///
  /// A token may end within a character: decode a growing list of ids as a whole, or join the
  /// bytes of `decodeBytes`.
  public func decode(_ ids: [Int32]) -> String {
    String(decoding: decodeBytes(ids), as: UTF8.self)
  }
}
