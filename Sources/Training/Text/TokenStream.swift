public import Tokenization

/// Tokenised texts, one behind the other.
public struct TokenStream: Sendable {
  /// The ids.
  public private(set) var tokens: [Int32] = []
  /// Bytes of text they stand for.
  public private(set) var byteCount = 0
  /// Bytes of the first token of a text, which nothing predicts.
  private(set) var firstByteCount = 0
  /// Which tokens are learnt where they are predicted; nil for all.
  private(set) var isLearnt: [Bool]?
  /// Where each document begins.
  private var starts: [Int] = []
  /// What a model is to see before the first token of each window.
  let startTokens: [Int32]

  /// No text yet.
  ///
  /// - Parameter startTokens: What a model is to see before the first token of each window: the tokens
  ///   that it knows beginnings by. Some models predict little without them.
  init(startTokens: [Int32] = []) { self.startTokens = startTokens }

  /// Tokenises a text in pieces, which bounds the tokenizer's working memory.
  ///
  /// Pieces end where a single line feed stands between two words, so the ids are those of the whole
  /// text. A tokenizer that may join across such a place gets the text as a whole.
  ///
  /// - Parameters:
  ///   - text: The text, one document.
  ///   - tokenizer: What makes the tokens.
  ///   - recognizingSpecialTokens: Whether the spelling of a special token becomes that token.
  ///   - pieceLength: Bytes of a piece at least.
  public init(
    _ text: [UInt8], tokenizer: any Tokenizer, recognizingSpecialTokens: Bool = false,
    pieceLength: Int = 1 << 20
  ) {
    startTokens = tokenizer.startTokens
    beginDocument()
    append(
      text[...], tokenizer: tokenizer, recognizingSpecialTokens: recognizingSpecialTokens,
      pieceLength: pieceLength)
  }

  /// Goes on with the last document.
  mutating func append(
    _ text: ArraySlice<UInt8>, tokenizer: any Tokenizer, recognizingSpecialTokens: Bool,
    pieceLength: Int = 1 << 20
  ) {
    var start = text.startIndex
    while start < text.endIndex {
      let end =
        tokenizer.encodesLinesApart
        ? Self.pieceEnd(in: text, from: start + pieceLength) : text.endIndex
      append(
        tokens: tokenizer.encode(
          bytes: Array(text[start..<end]), recognizingSpecialTokens: recognizingSpecialTokens))
      start = end
    }
    if byteCount == 0, startTokens.isEmpty {
      firstByteCount = tokenizer.decodeBytes(Array(tokens.prefix(1))).count
    }
    byteCount += text.count
  }

  /// What is appended from here on is a document of its own.
  mutating func beginDocument() { starts.append(tokens.count) }

  /// Goes on with the last document by tokens, which stand for no bytes of text.
  mutating func append(tokens new: [Int32], isLearnt marks: [Bool]? = nil) {
    if marks != nil || isLearnt != nil {
      if isLearnt == nil { isLearnt = Array(repeating: true, count: tokens.count) }
      isLearnt! += marks ?? Array(repeating: true, count: new.count)
    }
    tokens += new
  }

  /// Adds a document of `byteCount` bytes.
  mutating func append(_ example: EncodedExample, byteCount: Int) {
    beginDocument()
    append(tokens: example.tokens, isLearnt: example.isLearnt)
    self.byteCount += byteCount
  }

  /// Adds a document of another stream.
  mutating func append(_ document: Range<Int>, of other: TokenStream) {
    beginDocument()
    append(
      tokens: Array(other.tokens[document]), isLearnt: other.isLearnt.map { Array($0[document]) })
    byteCount += Int((Double(document.count) * other.bytesPerToken).rounded())
  }

  /// The end of a piece that is `position` bytes long at least: tokens do not reach across it.
  static func pieceEnd(in text: ArraySlice<UInt8>, from position: Int) -> Int {
    guard position < text.endIndex else { return text.endIndex }
    for i in max(text.startIndex + 2, position)..<text.endIndex
    where text[i - 1] == 0x0A && isLetterOrDigit(text[i]) && isWord(text[i - 2]) {
      return i
    }
    return text.endIndex
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

  /// Places of the tokens of each document.
  public var documents: [Range<Int>] {
    zip(starts, starts.dropFirst() + [tokens.count]).map { $0..<$1 }
  }

  /// Tokens that are learnt.
  public var learntCount: Int { isLearnt?.count { $0 } ?? tokens.count }

  // MARK: Pieces

  // A piece is a range of tokens in a window. Each of them is predicted but the first, or all where the
  // start tokens stand before them.

  /// What stands before a piece: the start tokens, where it does not begin with them.
  func start(of piece: Range<Int>) -> [Int32] {
    tokens[piece].starts(with: startTokens) ? [] : startTokens
  }

  /// The tokens of a piece that are predicted.
  func predicted(in piece: Range<Int>) -> Range<Int> {
    start(of: piece).isEmpty ? piece.dropFirst() : piece
  }

  /// Places that a piece takes in a window: of every token that predicts one.
  func places(of piece: Range<Int>) -> Int { start(of: piece).count + piece.count - 1 }

  /// The most tokens of a piece in `sequence` places.
  func pieceLength(sequence: Int) -> Int { sequence + 1 - startTokens.count }

  /// Throws where the start tokens leave no room in a window of `sequence` places.
  public func checkRoom(sequence: Int) throws(InputError) {
    guard pieceLength(sequence: sequence) > 0 else {
      throw InputError(
        "A window of \(sequence) tokens has no room behind the \(startTokens.count) that every window "
          + "begins with. Give a larger --sequence.")
    }
  }

  /// Tokens from one piece of `sequence` places to the next, so that each token is predicted once.
  func pieceStride(sequence: Int) -> Int { min(sequence, pieceLength(sequence: sequence)) }

  /// Pieces of at most `sequence` places, which predict each token of a part once.
  func pieces(of part: Range<Int>, sequence: Int) -> [Range<Int>] {
    stride(from: part.lowerBound, to: part.upperBound, by: pieceStride(sequence: sequence)).map {
      $0..<min($0 + pieceLength(sequence: sequence), part.upperBound)
    }.filter { !predicted(in: $0).isEmpty }
  }

  /// Whether a window of these tokens learns anything.
  func countsLabels(in piece: Range<Int>) -> Bool {
    let predicted = predicted(in: piece)
    return isLearnt.map { marks in predicted.contains { marks[$0] } } ?? !predicted.isEmpty
  }
}
