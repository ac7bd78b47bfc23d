internal import Tokenization

/// Reads texts one behind the other, a piece at a time, with the lines of each ended as here.
struct TextReader {
  /// A part of a text.
  struct Piece {
    var bytes: [UInt8]
    /// Whether a text begins with it.
    var isFirst: Bool
  }

  private let paths: [String]
  private var place = 0
  private var input: ByteInput?
  /// A carriage return at the end of the last piece, which may belong to a line feed.
  private var held: [UInt8] = []
  private var check = UTF8Check()
  /// Bytes handed out so far.
  private(set) var byteCount = 0
  /// Whether all of them were UTF-8.
  private(set) var isValidUTF8 = true

  init(_ paths: [String]) { self.paths = paths }

  /// Whether all texts have been read.
  var isAtEnd: Bool { place == paths.count }

  /// The next piece of the text at hand, or of the one after it; nil behind the last.
  mutating func next() throws(InputError) -> Piece? {
    while place < paths.count {
      let isFirst = input == nil
      if isFirst { input = try ByteInput(path: paths[place]) }
      guard let raw = try input?.next() else {
        let rest = held
        held = []
        input = nil
        place += 1
        isValidUTF8 = isValidUTF8 && check.end()
        if !rest.isEmpty { return handed(Piece(bytes: rest, isFirst: false)) }
        continue
      }
      if isFirst { try SourceText.checkIsText(raw, name: paths[place]) }
      var bytes = held + raw
      held = []
      if bytes.last == 0x0D {
        bytes.removeLast()
        held = [0x0D]
      }
      isValidUTF8 = check.take(raw) && isValidUTF8
      return handed(
        Piece(bytes: SourceText.normalized(bytes, isStart: isFirst), isFirst: isFirst))
    }
    return nil
  }

  private mutating func handed(_ piece: Piece) -> Piece {
    byteCount += piece.bytes.count
    return piece
  }
}

/// Checks a text that comes in pieces.
private struct UTF8Check {
  /// The beginning of a character at the end of the last piece.
  private var rest: [UInt8] = []

  mutating func take(_ piece: [UInt8]) -> Bool {
    var bytes = rest + piece
    // The last character begins within the last four bytes.
    let start = bytes.suffix(4).lastIndex { $0 & 0xC0 == 0xC0 } ?? bytes.endIndex
    let isWhole =
      start == bytes.endIndex || bytes.endIndex - start >= (~bytes[start]).leadingZeroBitCount
    rest = isWhole ? [] : Array(bytes[start...])
    if !isWhole { bytes.removeSubrange(start...) }
    return String(validating: bytes, as: UTF8.self) != nil
  }

  /// Whether the text ends with a whole character.
  mutating func end() -> Bool {
    defer { rest = [] }
    return rest.isEmpty
  }
}

/// Texts that have been read and not yet tokenised.
struct TextBuffer {
  private(set) var bytes: [UInt8] = []
  /// Where texts begin in it.
  private(set) var starts: [Int] = []

  mutating func append(_ piece: TextReader.Piece) {
    if piece.isFirst { starts.append(bytes.count) }
    bytes += piece.bytes
  }

  /// Takes off a piece of `count` to `limit` bytes, across whose end no token reaches where its lines are no
  /// longer than that.
  mutating func removeFirst(_ count: Int, atMost limit: Int) -> TextBuffer {
    let end = TokenStream.pieceEnd(in: bytes[..<limit], from: count)
    // Between two characters.
    let character = bytes[..<end].suffix(4).lastIndex { $0 & 0xC0 != 0x80 } ?? end
    return removeFirst(upTo: end < limit ? end : character)
  }

  /// Takes off the first `end` bytes.
  mutating func removeFirst(upTo end: Int) -> TextBuffer {
    var first = TextBuffer()
    first.bytes = Array(bytes[..<end])
    first.starts = starts.filter { $0 < end }
    starts = starts.dropFirst(first.starts.count).map { $0 - end }
    bytes.removeSubrange(..<end)
    return first
  }
}

/// Makes a stream of texts that come in pieces.
struct TextTokenizer {
  let tokenizer: any Tokenizer
  let recognizesSpecialTokens: Bool
  /// Whether each text stands between the tokens that the model knows beginnings and ends by.
  let marksDocuments: Bool
  private var stream: TokenStream
  private var isOpen = false

  init(tokenizer: any Tokenizer, recognizesSpecialTokens: Bool, marksDocuments: Bool) {
    self.tokenizer = tokenizer
    self.recognizesSpecialTokens = recognizesSpecialTokens
    self.marksDocuments = marksDocuments
    stream = TokenStream(startTokens: tokenizer.startTokens)
  }

  /// The same with nothing in it.
  var emptied: Self {
    Self(
      tokenizer: tokenizer, recognizesSpecialTokens: recognizesSpecialTokens,
      marksDocuments: marksDocuments)
  }

  mutating func append(_ text: TextBuffer) {
    var ends = text.starts.dropFirst(text.starts.first == 0 ? 1 : 0) + [text.bytes.count]
    if text.starts.first == 0 { begin() }
    if !isOpen, !text.bytes.isEmpty {
      // The second part of a text that was cut.
      stream.beginDocument()
      isOpen = true
    }
    var start = 0
    while let end = ends.popFirst() {
      stream.append(
        text.bytes[start..<end], tokenizer: tokenizer,
        recognizingSpecialTokens: recognizesSpecialTokens)
      if !ends.isEmpty { begin() }
      start = end
    }
  }

  private mutating func begin() {
    close()
    stream.beginDocument()
    isOpen = true
    if marksDocuments { stream.append(tokens: tokenizer.startTokens) }
  }

  private mutating func close() {
    if isOpen, marksDocuments, let end = tokenizer.namedTokens.eos { stream.append(tokens: [end]) }
    isOpen = false
  }

  /// The stream. The last text is ended where it `isWhole`.
  func finished(isWhole: Bool) -> TokenStream {
    var copy = self
    if isWhole { copy.close() }
    return copy.stream
  }
}
