/// A tokenizer whose tokens are the 256 bytes, with the byte as id and no special tokens.
///
/// It needs no training and no files, encodes any text, and its cross-entropy in bits is bits per byte;
/// sequences are about four times as long as with a trained vocabulary.
public struct ByteTokenizer: Tokenizer, Equatable {
  /// Creates the tokenizer; all byte tokenizers are equal.
  public init() {}

  /// 256.
  public var vocabularySize: Int { 256 }

  /// No special tokens.
  public var specialTokens: [String: Int32] { [:] }

  /// True.
  public var encodesLinesApart: Bool { true }

  /// The bytes as ids.
  public func encode(bytes: [UInt8]) -> [Int32] {
    bytes.map { Int32($0) }
  }

  /// The ids as bytes; ids outside `0..<256` are ignored.
  public func decodeBytes(_ ids: [Int32]) -> [UInt8] {
    ids.compactMap { UInt8(exactly: $0) }
  }

  /// The files of the equivalent byte-pair tokenizer, which has no merges.
  public var files: [TokenizerSourceFile] {
    var tokens = ByteStrings()
    for byte in UInt8.min...UInt8.max { tokens.append([byte]) }
    return BytePairTokenizer(tokens: tokens, byteIDs: Array(0..<256), merges: []).files
  }
}
