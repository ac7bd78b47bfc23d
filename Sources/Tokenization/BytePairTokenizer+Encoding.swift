extension BytePairTokenizer {
  /// The ids of `bytes`, which need not be valid UTF-8. Special tokens spelled out in it are text.
  public func encode(bytes: [UInt8]) -> [Int32] {
    encode(bytes, separating: addedTokens.filter { !$0.isSpecial })
  }

  /// The ids of `text`, where the spelling of a special token becomes that token. For text whose
  /// author is trusted, such as a prompt template.
  public func encodeRecognizingSpecialTokens(_ text: String) -> [Int32] {
    encode(Array(text.utf8), separating: addedTokens)
  }

  private func encode(_ bytes: [UInt8], separating separators: [AddedToken]) -> [Int32] {
    var encoder = WordEncoder(tokenizer: self, byteCount: bytes.count)
    let span = bytes.span
    guard !separators.isEmpty else {
      encoder.encode(span, 0..<bytes.count)
      return encoder.output
    }
    let longestFirst = separators.map { (id: $0.id, content: Array($0.content.utf8)) }
      .sorted { $0.content.count > $1.content.count }
    let candidates = Dictionary(grouping: longestFirst) { $0.content[0] }
    var start = 0
    var position = 0
    while position < bytes.count {
      let match = candidates[bytes[position]]?.first { bytes[position...].starts(with: $0.content) }
      guard let match else {
        position += 1
        continue
      }
      encoder.encode(span, start..<position)
      encoder.output.append(match.id)
      position += match.content.count
      start = position
    }
    encoder.encode(span, start..<bytes.count)
    return encoder.output
  }
}

/// Encodes the words of one text. It remembers where in its output a word was encoded first and
/// copies from there when the word recurs.
private struct WordEncoder {
  private static let longestRemembered = 256
  private static let mostRemembered = 1 << 17

  let tokenizer: BytePairTokenizer
  var output: [Int32] = []
  private var seenWords = ByteStringTable()
  private var seenOutput: [Range<Int>] = []
  private var merging = Merging()

  init(tokenizer: BytePairTokenizer, byteCount: Int) {
    self.tokenizer = tokenizer
    output.reserveCapacity(byteCount / 3)
  }

  /// All calls must pass the same `bytes`.
  mutating func encode(_ bytes: Span<UInt8>, _ range: Range<Int>) {
    tokenizer.preTokenization.forEachWord(in: bytes, range) { word in
      encodeWord(bytes, word)
    }
  }

  private mutating func encodeWord(_ bytes: Span<UInt8>, _ word: Range<Int>) {
    guard word.count <= Self.longestRemembered else {
      mergeWord(bytes, word)
      return
    }
    let hash = ByteStringTable.hash(bytes, word)
    if word.count <= BytePairTokenizer.longestWholeWord,
      let id = tokenizer.wholeWords.value(
        of: bytes, word, hash: hash, storage: tokenizer.tokens.bytes.span)
    {
      output.append(id)
    } else if let index = seenWords.value(of: bytes, word, hash: hash, storage: bytes) {
      for position in seenOutput[Int(index)] { output.append(output[position]) }
    } else {
      let start = output.count
      mergeWord(bytes, word)
      if seenOutput.count < Self.mostRemembered {
        seenWords.insert(word, hash: hash, value: Int32(seenOutput.count))
        seenOutput.append(start..<output.count)
      }
    }
  }

  private mutating func mergeWord(_ bytes: Span<UInt8>, _ word: Range<Int>) {
    merging.start(with: [])
    for position in word {
      let id = tokenizer.byteIDs[Int(bytes[position])]
      if id >= 0 {
        merging.symbols.append(id)
      } else if let unknownID = tokenizer.unknownID {
        merging.symbols.append(unknownID)
      }
    }
    tokenizer.merge(&merging)
    output.append(contentsOf: merging.symbols)
  }
}
