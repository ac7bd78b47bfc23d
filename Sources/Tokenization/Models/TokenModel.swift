/// A model that turns words into tokens.
enum TokenModel: Equatable, Sendable {
  case bytePair(BytePairModel)
  case wordPiece(WordPieceModel)
  case unigram(UnigramModel)

  var vocabulary: Vocabulary {
    switch self {
    case .bytePair(let model): model.vocabulary
    case .wordPiece(let model): model.vocabulary
    case .unigram(let model): model.vocabulary
    }
  }

  /// The token for text that has no token.
  var unknownID: Int32? {
    switch self {
    case .bytePair(let model): model.unknownID
    case .wordPiece(let model): model.unknownID
    case .unigram(let model): model.unknownID
    }
  }
}

/// Encodes the words of one text. When a word recurs, its ids are copied from its first occurrence in
/// the output.
struct WordEncoder {
  private static let longestRemembered = 256
  private static let mostRemembered = 1 << 17

  private let model: TokenModel
  private let wholeWords: ByteStringTable
  private let storage: ByteStrings
  private(set) var output: [Int32] = []
  private var seenWords = ByteStringTable()
  private var seenOutput: [Range<Int>] = []
  private var merging = Merging()

  init(_ model: TokenModel, byteCount: Int) {
    self.model = model
    storage = model.vocabulary.tokens
    wholeWords = if case .bytePair(let model) = model { model.wholeWords } else { .init() }
    output.reserveCapacity(byteCount / 3)
  }

  mutating func append(_ id: Int32) { output.append(id) }

  /// Appends the ids of the word at `word`. All calls must pass the same `bytes`.
  mutating func encode(_ bytes: Span<UInt8>, _ word: Range<Int>) {
    let hash = ByteStringTable.hash(bytes, word)
    if let id = wholeWords.value(of: bytes, word, hash: hash, storage: storage.bytes.span) {
      output.append(id)
      return
    }
    guard word.count <= Self.longestRemembered else {
      encodeAnew(bytes, word)
      return
    }
    if let index = seenWords.value(of: bytes, word, hash: hash, storage: bytes) {
      for position in seenOutput[Int(index)] { output.append(output[position]) }
      return
    }
    let start = output.count
    encodeAnew(bytes, word)
    if seenOutput.count < Self.mostRemembered {
      seenWords.insert(word, hash: hash, value: Int32(seenOutput.count))
      seenOutput.append(start..<output.count)
    }
  }

  private mutating func encodeAnew(_ bytes: Span<UInt8>, _ word: Range<Int>) {
    switch model {
    case .bytePair(let model): model.encode(bytes, word, &merging, into: &output)
    case .wordPiece(let model): model.encode(bytes, word, into: &output)
    case .unigram(let model): model.encode(bytes, word, into: &output)
    }
  }
}
