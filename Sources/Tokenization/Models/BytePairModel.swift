/// Byte-pair encoding (Sennrich et al., arXiv 1508.07909): the units of a word are merged pair by pair, in
/// the order of the merges, until none applies.
struct BytePairModel: Equatable, Sendable {
  struct Merge: Equatable {
    var left: Int32
    var right: Int32
    var result: Int32
    /// The order of merges; those of equal rank are made from left to right.
    var rank: Int32
  }

  /// The units of a word before merging.
  enum Units: Equatable, Sendable {
    /// Bytes, with the token of each or -1.
    case bytes([Int32])
    /// Characters.
    case characters(CharacterUnits)
  }

  let vocabulary: Vocabulary
  let units: Units
  let merges: [Merge]
  /// The token for a unit that has none; without it such units are omitted.
  let unknownID: Int32?
  /// Whether a word that is a token becomes that token even if the merges would not produce it.
  let ignoresMerges: Bool

  /// The rank of the merge of a pair.
  let ranks: PairTable
  /// The result of the merge of each rank.
  let results: [Int32]
  /// The words that become a single token.
  private(set) var wholeWords = ByteStringTable()
  /// Where a word may be cut without changing its tokens.
  private(set) var cuts: MarkCuts?

  /// The longest token, in bytes, that is checked in advance for merging to a single token.
  private static let longestWholeWord = 32

  /// All ids in `merges` must be those of `vocabulary`; no word becomes one of the `added` tokens.
  init(
    vocabulary: Vocabulary, units: Units, merges: [Merge], unknownID: Int32? = nil,
    ignoresMerges: Bool = false, added: Set<Int32> = []
  ) {
    self.vocabulary = vocabulary
    self.units = units
    self.merges = merges
    self.unknownID = unknownID
    self.ignoresMerges = ignoresMerges
    var ranks = PairTable()
    var results = [Int32](repeating: -1, count: Int((merges.map(\.rank).max() ?? -1) + 1))
    // If a file lists a pair twice, the later rank applies, as in the `tokenizers` package.
    for merge in merges {
      ranks[merge.left, merge.right] = merge.rank
      results[Int(merge.rank)] = merge.result
    }
    self.ranks = ranks
    self.results = results
    wholeWords = findWholeWords(added)
    if case .characters(let characters) = units {
      cuts = MarkCuts(vocabulary, characters, merges)
    }
  }

  private func findWholeWords(_ added: Set<Int32>) -> ByteStringTable {
    var table = ByteStringTable()
    guard case .bytes(let byteIDs) = units else { return table }
    let bytes = vocabulary.tokens.bytes.span
    var merging = Merging()
    for id in 0..<vocabulary.count where !added.contains(Int32(id)) {
      let range = vocabulary.tokens.range(id)
      guard range.count > 1, ignoresMerges || range.count <= Self.longestWholeWord else { continue }
      let hash = ByteStringTable.hash(bytes, range)
      // Skip a token that bytes cannot spell, or whose bytes are those of another token.
      guard vocabulary.id(of: bytes, range, hash: hash) == Int32(id) else { continue }
      if !ignoresMerges {
        merging.start(with: range.map { byteIDs[Int(bytes[$0])] })
        merge(&merging)
        guard merging.symbols == [Int32(id)] else { continue }
      }
      table.insert(range, hash: hash, value: Int32(id))
    }
    return table
  }

  static func == (left: Self, right: Self) -> Bool {
    left.vocabulary == right.vocabulary && left.units == right.units && left.merges == right.merges
      && left.unknownID == right.unknownID && left.ignoresMerges == right.ignoresMerges
  }
}

extension BytePairModel {
  /// Appends the ids of the word at `range`.
  func encode(
    _ bytes: Span<UInt8>, _ range: Range<Int>, _ merging: inout Merging, into output: inout [Int32]
  ) {
    merging.start(with: [])
    switch units {
    case .bytes(let byteIDs):
      for position in range {
        let id = byteIDs[Int(bytes[position])]
        if id >= 0 {
          merging.symbols.append(id)
        } else if let unknownID {
          merging.symbols.append(unknownID)
        }
      }
    case .characters(let characters):
      if ignoresMerges, let id = vocabulary.id(of: bytes, range) {
        output.append(id)
        return
      }
      characters.appendSymbols(
        of: bytes, range, vocabulary, unknownID: unknownID, to: &merging.symbols)
    }
    merge(&merging)
    output.append(contentsOf: merging.symbols)
  }
}
