/// Byte-level byte-pair encoding as in GPT-2 (Sennrich et al., arXiv 1508.07909; Radford et al.
/// 2019): text is cut into words, the bytes of each word become tokens, and neighbouring tokens
/// are merged, the merge learnt earliest first, until no merge applies.
///
/// Create one with `train(on:vocabularySize:)` or read one with `init(contentsOf:)`. A trained
/// vocabulary holds all 256 bytes, so decoding what was encoded gives the same bytes; of a
/// vocabulary that was read, `encodesEveryByte` says whether it does.
public struct BytePairTokenizer: Tokenizer, Equatable {
  /// A token that stands outside the merges, such as an end-of-text marker.
  struct AddedToken: Equatable {
    var id: Int32
    var content: String
    /// A special token is matched in a text only on request, any other added token always.
    var isSpecial: Bool
  }

  struct Merge: Equatable {
    var left: Int32
    var right: Int32
    var result: Int32
  }

  /// The bytes of every token by id; empty for an id without a token.
  let tokens: ByteStrings
  /// The token of each byte, or -1.
  let byteIDs: [Int32]
  /// By rank: an earlier merge goes before a later one.
  let merges: [Merge]
  let addedTokens: [AddedToken]
  /// What stands for a byte that has no token; without it such bytes are left out.
  let unknownID: Int32?
  /// Whether a word that is a token becomes that token even where the merges would not build it.
  let ignoresMerges: Bool
  /// How text is cut into words.
  public let preTokenization: PreTokenization

  /// The rank of the merge of a pair.
  let ranks: PairTable
  /// The short words that become one token, by their bytes in `tokens`.
  private(set) var wholeWords = ByteStringTable()

  /// The longest word, in bytes, that `wholeWords` holds.
  static let longestWholeWord = 32

  /// Merges must only name ids of `tokens`, and `byteIDs` has 256 elements.
  init(
    tokens: ByteStrings, byteIDs: [Int32], merges: [Merge], addedTokens: [AddedToken] = [],
    preTokenization: PreTokenization = .gpt2, unknownID: Int32? = nil, ignoresMerges: Bool = false
  ) {
    self.tokens = tokens
    self.byteIDs = byteIDs
    self.merges = merges
    self.addedTokens = addedTokens
    self.preTokenization = preTokenization
    self.unknownID = unknownID
    self.ignoresMerges = ignoresMerges
    var ranks = PairTable()
    // Where a file lists a pair twice, the later rank holds, as in the `tokenizers` package.
    for (rank, merge) in merges.enumerated() { ranks[merge.left, merge.right] = Int32(rank) }
    self.ranks = ranks
    self.wholeWords = findWholeWords()
  }

  private func findWholeWords() -> ByteStringTable {
    var table = ByteStringTable()
    var isAdded = [Bool](repeating: false, count: tokens.count)
    for token in addedTokens { isAdded[Int(token.id)] = true }
    let bytes = tokens.bytes.span
    var merging = Merging()
    for id in 0..<tokens.count where !isAdded[id] {
      let range = tokens.range(id)
      guard 2...Self.longestWholeWord ~= range.count else { continue }
      merging.start(with: range.map { byteIDs[Int(bytes[$0])] })
      if !ignoresMerges { merge(&merging) }
      if ignoresMerges || merging.symbols == [Int32(id)] {
        table.insert(
          range, hash: ByteStringTable.hash(bytes, range), value: Int32(id))
      }
    }
    return table
  }

  /// One more than the highest id.
  public var vocabularySize: Int { tokens.count }

  /// The ids of the special tokens by their spelling.
  public var specialTokens: [String: Int32] {
    Dictionary(
      addedTokens.filter(\.isSpecial).map { ($0.content, $0.id) },
      uniquingKeysWith: { first, _ in first })
  }

  /// Whether every byte has a token, and hence decoding inverts encoding. Where not, `encode`
  /// puts the file's unknown token for a byte without a token, or leaves it out.
  public var encodesEveryByte: Bool { !byteIDs.contains(-1) }

  /// The bytes of the tokens `ids`, joined; an id that the vocabulary lacks stands for no bytes.
  public func decodeBytes(_ ids: [Int32]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * ids.count)
    for id in ids where 0 <= id && id < tokens.count {
      bytes.append(contentsOf: tokens[Int(id)])
    }
    return bytes
  }

  /// Whether two tokenizers have the same tokens, merges and rules.
  public static func == (left: Self, right: Self) -> Bool {
    left.tokens == right.tokens && left.byteIDs == right.byteIDs && left.merges == right.merges
      && left.addedTokens == right.addedTokens && left.preTokenization == right.preTokenization
      && left.unknownID == right.unknownID && left.ignoresMerges == right.ignoresMerges
  }
}
