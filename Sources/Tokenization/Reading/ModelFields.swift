internal import JSON

/// The fields of `model` in a `tokenizer.json`, of any kind.
struct ModelFields {
  enum Kind: String {
    case bytePair = "BPE"
    case wordPiece = "WordPiece"
    case unigram = "Unigram"
  }

  private(set) var kind = Kind.bytePair
  /// The tokens as the file spells them, in the order of the file.
  private(set) var spellings = ByteStrings()
  /// The id of each of `spellings`.
  private(set) var ids: [Int32] = []
  /// The score of each of `spellings` in a unigram model.
  private(set) var scores: [Double] = []
  /// The parts of the merges, two per merge.
  private(set) var mergeParts = ByteStrings()
  private(set) var unknownToken: [UInt8]?
  private(set) var unknownID: Int32?
  private(set) var fusesUnknown = false
  private(set) var ignoresMerges = false
  private(set) var fallsBackToBytes = false
  private(set) var prefix: [UInt8]?
  private(set) var suffix: [UInt8] = []
  private(set) var longestWord: Int?

  init() {}

  init(_ reader: inout TokenizerReader) throws(TokenizerError) {
    var type: String?
    var hasMerges = false
    try reader.object([
      "type", "vocab", "merges", "unk_token", "unk_id", "dropout", "continuing_subword_prefix",
      "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges",
      "max_input_chars_per_word",
    ]) { (reader, field) throws(TokenizerError) in
      switch field {
      case "vocab":
        if try reader.nextKind() == .array {
          try readScores(&reader)
        } else {
          try readVocabulary(&reader)
        }
      case "merges":
        hasMerges = true
        try readMerges(&reader)
      case "dropout":
        // Only used in training.
        if try !reader.takeNull() { _ = try reader.number() }
      case _ where try reader.takeNull(): break
      case "type":
        let name = try reader.string()
        guard Kind(rawValue: name) != nil else {
          throw reader.error(
            .unsupported,
            "expected \"BPE\", \"WordPiece\" or \"Unigram\", found \(quoted(name.utf8))")
        }
        type = name
      case "unk_token": unknownToken = Array(try reader.string().utf8)
      case "unk_id":
        unknownID = Int32(
          try reader.integer(in: 0...BytePairTokenizer.maximumVocabularySize - 1))
      case "continuing_subword_prefix": prefix = Array(try reader.string().utf8)
      case "end_of_word_suffix": suffix = Array(try reader.string().utf8)
      case "byte_fallback": fallsBackToBytes = try reader.boolean()
      case "fuse_unk": fusesUnknown = try reader.boolean()
      case "max_input_chars_per_word": longestWord = try reader.integer(in: 0...1 << 30)
      default: ignoresMerges = try reader.boolean()
      }
    }
    let inferred: Kind? =
      hasMerges ? .bytePair : !scores.isEmpty ? .unigram : longestWord != nil ? .wordPiece : nil
    guard let kind = type.flatMap(Kind.init) ?? inferred else {
      throw reader.error(
        .missingField, "missing, and no other field tells the kind of the model", field: "type")
    }
    self.kind = kind
    guard spellings.count > 0 else {
      throw reader.error(.missingField, "missing or empty", field: "vocab")
    }
    if kind == .bytePair, !hasMerges {
      throw reader.error(.missingField, "missing", field: "merges")
    }
    if (kind == .unigram) != !scores.isEmpty {
      throw reader.error(
        .wrongType,
        "expected \(kind == .unigram ? "tokens with scores" : "tokens with ids") for the type "
          + "\"\(kind.rawValue)\"", field: "vocab")
    }
  }

  private mutating func readVocabulary(_ reader: inout TokenizerReader) throws(TokenizerError) {
    let highestID = BytePairTokenizer.maximumVocabularySize - 1
    // Ids may repeat in a hostile file, so they do not bound the count.
    try reader.entries { (reader, token) throws(TokenizerError) in
      guard spellings.count <= highestID else {
        throw reader.error(.invalidValue, "more than \(highestID + 1) tokens")
      }
      guard !token.isEmpty else { throw reader.error(.invalidValue, "a token is empty") }
      spellings.append(Array(token.utf8))
      ids.append(Int32(try reader.integer(in: 0...highestID)))
    }
  }

  /// Reads the tokens of a unigram model, each as `["a", -1.5]`; the id is the index.
  private mutating func readScores(_ reader: inout TokenizerReader) throws(TokenizerError) {
    try reader.array { (reader, index) throws(TokenizerError) in
      guard index < BytePairTokenizer.maximumVocabularySize else {
        throw reader.error(
          .invalidValue, "more than \(BytePairTokenizer.maximumVocabularySize) tokens")
      }
      var count = 0
      try reader.array { (reader, place) throws(TokenizerError) in
        count += 1
        switch place {
        case 0: spellings.append(Array(try reader.string().utf8))
        case 1:
          switch try reader.number() {
          case .integer(let value): scores.append(Double(value))
          case .floating(let value): scores.append(value)
          }
        default: throw reader.error(.invalidValue, "expected a token and its score")
        }
      }
      guard count == 2 else {
        throw reader.error(.invalidValue, "expected a token and its score")
      }
      ids.append(Int32(index))
    }
  }

  private mutating func readMerges(_ reader: inout TokenizerReader) throws(TokenizerError) {
    try reader.array { (reader, index) throws(TokenizerError) in
      guard index < BytePairTokenizer.maximumVocabularySize else {
        throw reader.error(
          .invalidValue, "more than \(BytePairTokenizer.maximumVocabularySize) merges")
      }
      let expected = "expected two tokens, as \"a b\" or [\"a\", \"b\"]"
      var parts: [[UInt8]] = []
      if try reader.nextKind() == .string {
        parts = try reader.string().utf8
          .split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { Array($0) }
      } else {
        try reader.array { (reader, index) throws(TokenizerError) in
          guard index < 2 else { throw reader.error(.invalidValue, expected) }
          parts.append(Array(try reader.string().utf8))
        }
      }
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw reader.error(.invalidValue, expected)
      }
      for part in parts { mergeParts.append(part) }
    }
  }
}
