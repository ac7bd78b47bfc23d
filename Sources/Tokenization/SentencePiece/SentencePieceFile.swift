/// The contents of a SentencePiece `tokenizer.model` (Kudo and Richardson, arXiv 1808.06226).
struct SentencePieceFile {
  enum Kind: UInt64 {
    case normal = 1, unknown, control, userDefined, unused, byte
  }

  enum Model: UInt64 {
    case unigram = 1, bytePair, word, character
  }

  struct Piece {
    var text: [UInt8] = []
    var score: Float = 0
    var kind = Kind.normal
  }

  let file: String
  private(set) var pieces: [Piece] = []
  private(set) var model = Model.unigram
  private(set) var fallsBackToBytes = false
  private(set) var suffixesSpace = false
  private(set) var bos: Int?
  private(set) var eos: Int?
  private(set) var pad: Int?
  private(set) var characterMap: CharacterMap?
  private(set) var addsPrefix = true
  private(set) var removesExtraSpaces = true
  private(set) var escapesSpaces = true
  private(set) var unknownSurface: [UInt8] = Array(" \u{2047} ".utf8)

  init(_ bytes: [UInt8], file: String) throws(TokenizerError) {
    self.file = file
    var reader = ProtobufReader(bytes, 0..<bytes.count, file: file)
    var bosID: UInt64 = 1
    var eosID: UInt64 = 2
    var padID = UInt64.max
    while let (field, value) = try reader.next() {
      guard case .bytes(let range) = value else { continue }
      switch field {
      case 1:
        guard pieces.count < BytePairTokenizer.maximumVocabularySize else {
          throw error(
            .invalidValue, "more than \(BytePairTokenizer.maximumVocabularySize) pieces")
        }
        pieces.append(try piece(bytes, range))
      case 2:
        var trainer = ProtobufReader(bytes, range, file: file)
        while let (field, value) = try trainer.next() {
          switch (field, value) {
          case (3, .integer(let number)):
            guard let model = Model(rawValue: number) else {
              throw error(.unsupported, "the model type \(number); expected unigram or BPE")
            }
            self.model = model
          case (24, .integer(let flag)): suffixesSpace = flag != 0
          case (35, .integer(let flag)): fallsBackToBytes = flag != 0
          case (41, .integer(let id)): bosID = id
          case (42, .integer(let id)): eosID = id
          case (43, .integer(let id)): padID = id
          case (44, .bytes(let range)): unknownSurface = Array(bytes[range])
          default: break
          }
        }
      case 3: try readNormalizer(bytes, range)
      default: break
      }
    }
    guard !pieces.isEmpty else { throw error(.missingField, "no pieces") }
    bos = Int(exactly: bosID).flatMap { pieces.indices.contains($0) ? $0 : nil }
    eos = Int(exactly: eosID).flatMap { pieces.indices.contains($0) ? $0 : nil }
    pad = Int(exactly: padID).flatMap { pieces.indices.contains($0) ? $0 : nil }
  }

  func error(_ code: TokenizerError.Code, _ message: String) -> TokenizerError {
    TokenizerError(code, "\(file): \(message)")
  }

  private func piece(_ bytes: [UInt8], _ range: Range<Int>) throws(TokenizerError) -> Piece {
    var reader = ProtobufReader(bytes, range, file: file)
    var piece = Piece()
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (1, .bytes(let range)): piece.text = Array(bytes[range])
      case (2, .word32(let bits)): piece.score = Float(bitPattern: bits)
      case (3, .integer(let number)):
        guard let kind = Kind(rawValue: number) else {
          throw error(.invalidValue, "piece \(pieces.count): the kind \(number) is unknown")
        }
        piece.kind = kind
      default: break
      }
    }
    guard !piece.text.isEmpty else {
      throw error(.invalidValue, "piece \(pieces.count): its text is empty")
    }
    guard piece.score.isFinite else {
      throw error(.invalidValue, "piece \(pieces.count): its score is not finite")
    }
    return piece
  }

  private mutating func readNormalizer(
    _ bytes: [UInt8], _ range: Range<Int>
  ) throws(TokenizerError) {
    var reader = ProtobufReader(bytes, range, file: file)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (2, .bytes(let range)) where !range.isEmpty:
        guard let map = CharacterMap(bytes[range]) else {
          throw error(.invalidValue, "normalizer_spec: the table of replacements is malformed")
        }
        characterMap = map
      case (3, .integer(let flag)): addsPrefix = flag != 0
      case (4, .integer(let flag)): removesExtraSpaces = flag != 0
      case (5, .integer(let flag)): escapesSpaces = flag != 0
      default: break
      }
    }
  }
}
