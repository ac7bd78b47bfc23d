extension TokenModel {
  /// Makes the model of a file; with `asBytes` it may work on bytes instead of their spelling.
  init(_ contents: TokenizerFile, asBytes: Bool) throws(TokenizerError) {
    let fields = contents.model
    let vocabulary = try SpelledVocabulary(contents).vocabulary
    var unknownID: Int32?
    if let token = fields.unknownToken {
      unknownID = vocabulary.id(of: token)
      guard unknownID != nil else {
        throw contents.error(
          .invalidValue, "model.unk_token", "\(quoted(token)) is not in the vocabulary")
      }
    }
    switch fields.kind {
    case .wordPiece:
      guard let unknownID = unknownID ?? vocabulary.id(of: "[UNK]".utf8) else {
        throw contents.error(
          .missingField, "model.unk_token", "missing, and the vocabulary has no \"[UNK]\"")
      }
      self = .wordPiece(
        WordPieceModel(
          vocabulary: vocabulary, unknownID: unknownID,
          continuation: fields.prefix ?? Array("##".utf8), longestWord: fields.longestWord ?? 100))
    case .unigram:
      if let id = fields.unknownID, !vocabulary.contains(id) {
        throw contents.error(.invalidValue, "model.unk_id", "\(id) is not in the vocabulary")
      }
      self = .unigram(
        UnigramModel(
          vocabulary: vocabulary, scores: fields.scores, unknownID: fields.unknownID,
          byteIDs: fields.fallsBackToBytes ? vocabulary.byteFallback() : nil))
    case .bytePair:
      self = .bytePair(try Self.bytePair(contents, vocabulary, unknownID, asBytes: asBytes))
    }
  }

  private static func bytePair(
    _ contents: TokenizerFile, _ vocabulary: Vocabulary, _ unknownID: Int32?, asBytes: Bool
  ) throws(TokenizerError) -> BytePairModel {
    let fields = contents.model
    let merges = try merges(contents, vocabulary)
    let added = Set(contents.addedTokens.map(\.id))
    if asBytes {
      var byteIDs = [Int32](repeating: -1, count: 256)
      for byte in UInt8.min...UInt8.max {
        byteIDs[Int(byte)] = vocabulary.id(of: ByteAlphabet.spelling(of: [byte])) ?? -1
      }
      if !fields.fusesUnknown || unknownID == nil || !byteIDs.contains(-1) {
        return BytePairModel(
          vocabulary: bytes(of: vocabulary), units: .bytes(byteIDs), merges: merges,
          unknownID: unknownID, ignoresMerges: fields.ignoresMerges, added: added)
      }
    }
    let units = CharacterUnits(
      prefix: fields.prefix ?? [], suffix: fields.suffix,
      byteIDs: fields.fallsBackToBytes ? vocabulary.byteFallback() : nil,
      fusesUnknown: fields.fusesUnknown)
    return BytePairModel(
      vocabulary: vocabulary, units: .characters(units), merges: merges, unknownID: unknownID,
      ignoresMerges: fields.ignoresMerges, added: added)
  }

  /// The vocabulary with tokens as the bytes they spell; tokens that spell no bytes are never found in a
  /// text.
  private static func bytes(of vocabulary: Vocabulary) -> Vocabulary {
    let spellings = vocabulary.tokens.bytes.span
    var tokens = ByteStrings()
    var isSpelled: [Bool] = []
    for id in 0..<vocabulary.count {
      let bytes = ByteAlphabet.bytes(spelled: spellings, in: vocabulary.tokens.range(id))
      tokens.append(bytes ?? Array(vocabulary[Int32(id)]))
      isSpelled.append(bytes != nil)
    }
    return Vocabulary(tokens: tokens) { isSpelled[$0] }
  }

  private static func merges(
    _ contents: TokenizerFile, _ vocabulary: Vocabulary
  ) throws(TokenizerError) -> [BytePairModel.Merge] {
    let parts = contents.model.mergeParts
    let bytes = parts.bytes.span
    let prefix = contents.model.prefix?.count ?? 0
    var merges: [BytePairModel.Merge] = []
    merges.reserveCapacity(parts.count / 2)
    for index in 0..<parts.count / 2 {
      let left = parts.range(2 * index)
      let right = parts.range(2 * index + 1)
      func require(_ id: Int32?, _ token: [UInt8]) throws(TokenizerError) -> Int32 {
        if let id { return id }
        throw contents.error(
          .invalidValue, "model.merges.[\(index)]",
          "token \(quoted(token)) is not in the vocabulary")
      }
      let leftID = try require(vocabulary.id(of: bytes, left), Array(parts.bytes[left]))
      let rightID = try require(vocabulary.id(of: bytes, right), Array(parts.bytes[right]))
      let whole = Array(parts.bytes[left]) + parts.bytes[right].dropFirst(prefix)
      merges.append(
        BytePairModel.Merge(
          left: leftID, right: rightID, result: try require(vocabulary.id(of: whole), whole),
          rank: Int32(index)))
    }
    return merges
  }
}
