/// How the characters of a word become tokens before merging.
struct CharacterUnits: Sendable {
  /// The prefix of every character of a word except the first.
  var prefix: [UInt8] = []
  /// The suffix of the last character of a word.
  var suffix: [UInt8] = []
  /// The tokens of the bytes, used for a character that has no token.
  var byteIDs: [Int32]?
  /// Whether consecutive unknown characters become one unknown token.
  var fusesUnknown = false
  /// Texts that always become one token.
  var fixed = ByteTrie()
  /// The ids that `fixed` was made of, used for comparison.
  private(set) var fixedIDs: [Int32] = []

  init(
    prefix: [UInt8] = [], suffix: [UInt8] = [], byteIDs: [Int32]? = nil, fusesUnknown: Bool = false
  ) {
    self.prefix = prefix
    self.suffix = suffix
    self.byteIDs = byteIDs
    self.fusesUnknown = fusesUnknown
  }

  /// Makes the tokens `ids` of a vocabulary fixed, so that their texts are never cut.
  mutating func fix(_ ids: [Int32], of vocabulary: Vocabulary) {
    fixedIDs = ids
    for id in ids { fixed.insert(vocabulary[id], value: id) }
  }

  func appendSymbols(
    of bytes: Span<UInt8>, _ range: Range<Int>, _ vocabulary: Vocabulary, unknownID: Int32?,
    to symbols: inout [Int32]
  ) {
    var pendingUnknown = false
    var position = range.lowerBound
    while position < range.upperBound {
      if !fixed.isEmpty,
        let (end, id) = fixed.longestMatch(in: bytes, at: position, limit: range.upperBound)
      {
        if pendingUnknown, let unknownID { symbols.append(unknownID) }
        pendingUnknown = false
        symbols.append(id)
        position = end
        continue
      }
      let length = decodeScalar(at: position, in: bytes, limit: range.upperBound)?.length ?? 1
      let unit = position..<position + length
      position += length
      if let id = id(of: bytes, unit, in: range, vocabulary) {
        if pendingUnknown, let unknownID { symbols.append(unknownID) }
        pendingUnknown = false
        symbols.append(id)
      } else if let byteIDs {
        for position in unit { symbols.append(byteIDs[Int(bytes[position])]) }
      } else {
        if pendingUnknown, !fusesUnknown, let unknownID { symbols.append(unknownID) }
        pendingUnknown = true
      }
    }
    if pendingUnknown, let unknownID { symbols.append(unknownID) }
  }

  private func id(
    of bytes: Span<UInt8>, _ unit: Range<Int>, in word: Range<Int>, _ vocabulary: Vocabulary
  ) -> Int32? {
    let isFirst = unit.lowerBound == word.lowerBound
    let isLast = unit.upperBound == word.upperBound
    guard !prefix.isEmpty && !isFirst || !suffix.isEmpty && isLast else {
      return vocabulary.id(of: bytes, unit)
    }
    let content = unit.map { bytes[$0] }
    return vocabulary.id(of: (isFirst ? [] : prefix) + content + (isLast ? suffix : []))
  }
}

extension CharacterUnits: Equatable {
  static func == (left: Self, right: Self) -> Bool {
    left.prefix == right.prefix && left.suffix == right.suffix && left.byteIDs == right.byteIDs
      && left.fusesUnknown == right.fusesUnknown && left.fixedIDs == right.fixedIDs
  }
}

/// Finds where a text may be cut before a SentencePiece mark without changing its tokens: after every
/// character that no token has before a mark. Words can then be cached, and encoding takes time linear in
/// the length of the text.
struct MarkCuts: Sendable {
  /// The characters, in UTF-8, that some token has before a mark.
  private var forbidden: Set<[UInt8]> = []

  /// Nil if no cut is safe: if merges join byte tokens, or words have a prefix or a suffix.
  init?(_ vocabulary: Vocabulary, _ units: CharacterUnits, _ merges: [BytePairModel.Merge]) {
    guard units.prefix.isEmpty, units.suffix.isEmpty, vocabulary.id(of: Metaspace.mark) != nil
    else { return nil }
    if let byteIDs = units.byteIDs {
      let bytes = Set(byteIDs)
      if merges.contains(where: { bytes.contains($0.left) || bytes.contains($0.right) }) {
        return nil
      }
    }
    let bytes = vocabulary.tokens.bytes.span
    for id in 0..<vocabulary.count {
      let range = vocabulary.tokens.range(id)
      var position = range.lowerBound
      var previous: Range<Int>?
      while position < range.upperBound {
        let length = decodeScalar(at: position, in: bytes, limit: range.upperBound)?.length ?? 1
        if let previous, Self.isMark(bytes, at: position, limit: range.upperBound) {
          forbidden.insert(previous.map { bytes[$0] })
        }
        previous = position..<position + length
        position += length
      }
    }
  }

  private static func isMark(_ bytes: Span<UInt8>, at position: Int, limit: Int) -> Bool {
    position + 3 <= limit && bytes[position] == 0xE2 && bytes[position + 1] == 0x96
      && bytes[position + 2] == 0x81
  }

  /// Appends the parts of `range`, in order, which cover it.
  func cut(_ bytes: Span<UInt8>, _ range: Range<Int>, into words: inout [Range<Int>]) {
    var start = range.lowerBound
    var previous: Range<Int>?
    var position = start
    while position < range.upperBound {
      let length = decodeScalar(at: position, in: bytes, limit: range.upperBound)?.length ?? 1
      if length == 3, let previous, Self.isMark(bytes, at: position, limit: range.upperBound),
        !forbidden.contains(previous.map { bytes[$0] })
      {
        words.append(start..<position)
        start = position
      }
      previous = position..<position + length
      position += length
    }
    if start < range.upperBound { words.append(start..<range.upperBound) }
  }
}
