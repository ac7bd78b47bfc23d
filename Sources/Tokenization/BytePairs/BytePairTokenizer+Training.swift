extension BytePairTokenizer {
  /// Learns a vocabulary from `bytes`, a text that need not be valid UTF-8.
  ///
  /// The ids are the special tokens in the given order, the 256 bytes in the order of their spelling in a
  /// tokenizer file, then one token per merge. Each step merges the most frequent pair of adjacent tokens,
  /// and of equally frequent pairs the one with the lowest left id, then the lowest right id, as the
  /// trainer of the `tokenizers` package does; so the result depends only on the arguments. The vocabulary
  /// is smaller than requested if no pair is frequent enough.
  ///
  /// The spelling of a special token in the text is treated as text, but never merged into one token.
  ///
  /// - Parameters:
  ///   - bytes: The text.
  ///   - vocabularySize: The number of tokens, including special tokens and bytes.
  ///   - specialTokens: Tokens that no text is encoded to, such as an end-of-text marker.
  ///   - minimumPairCount: The number of times a pair must occur to be merged.
  ///   - preTokenization: How the text is cut into words.
  /// - Throws: `TokenizerError` if special tokens are empty or repeated, or the vocabulary is too small
  ///   for them and the bytes.
  public static func train(
    on bytes: [UInt8], vocabularySize: Int, specialTokens: [String] = [],
    minimumPairCount: Int = 2, preTokenization: PreTokenization = .gpt2
  ) throws(TokenizerError) -> BytePairTokenizer {
    let needed = 256 + specialTokens.count
    guard needed...maximumVocabularySize ~= vocabularySize else {
      throw TokenizerError(
        .invalidValue,
        """
        training a tokenizer: the vocabulary size must be from \(needed) (256 bytes and \
        \(specialTokens.count) special tokens) to \(maximumVocabularySize), found \(vocabularySize)
        """)
    }
    guard !specialTokens.contains("") else {
      throw TokenizerError(.invalidValue, "training a tokenizer: a special token is empty")
    }
    guard Set(specialTokens).count == specialTokens.count else {
      throw TokenizerError(.duplicate, "training a tokenizer: a special token is given twice")
    }
    var tokens = ByteStrings()
    for token in specialTokens { tokens.append(Array(token.utf8)) }
    var byteIDs = [Int32](repeating: -1, count: 256)
    for byte in ByteAlphabet.bytesInCodePointOrder {
      byteIDs[Int(byte)] = Int32(tokens.count)
      tokens.append([byte])
    }
    var trainer = PairTrainer(bytes, preTokenization, byteIDs)
    let merges = trainer.learnMerges(
      adding: vocabularySize - needed, to: &tokens, minimumPairCount: max(1, minimumPairCount),
      forbidding: Set(specialTokens.map { Array($0.utf8) }))
    return BytePairTokenizer(
      tokens: tokens, byteIDs: byteIDs, merges: merges,
      addedTokens: specialTokens.enumerated().map { index, token in
        AddedToken(id: Int32(index), content: token, isSpecial: true)
      },
      preTokenization: preTokenization)
  }
}

/// The distinct words of a text and the pairs of adjacent tokens in them. Each merge updates only the
/// words that contain the merged pair.
private struct PairTrainer {
  /// A pair with its count when it was queued; the most frequent compares smallest.
  private struct Candidate: Comparable {
    var count: Int
    var pair: Int32
    var left: Int32
    var right: Int32

    static func < (first: Self, second: Self) -> Bool {
      if first.count != second.count { return first.count > second.count }
      return (first.left, first.right) < (second.left, second.right)
    }
  }

  private struct Pair {
    var left: Int32
    var right: Int32
    var count = 0
    /// The words that contained the pair at some time, each listed at most once per step.
    var words: [Int32] = []
    var lastStep = -1
  }

  /// The tokens of all words; a word shrinks in place.
  private var symbols: [Int32] = []
  private var words: [(start: Int, length: Int, count: Int)] = []
  private var pairs: [Pair] = []
  private var pairIndex = PairTable()
  private var queue = BinaryHeap<Candidate>()
  /// The pairs that gained occurrences in the current step.
  private var grown: [Int32] = []
  private var step = 0

  init(_ bytes: [UInt8], _ preTokenization: PreTokenization, _ byteIDs: [Int32]) {
    countWords(bytes, preTokenization, byteIDs)
    for word in words.indices {
      let (start, length, count) = words[word]
      for position in start..<start + length - 1 {
        add(count, to: symbols[position], symbols[position + 1], in: word)
      }
    }
  }

  private mutating func countWords(
    _ bytes: [UInt8], _ preTokenization: PreTokenization, _ byteIDs: [Int32]
  ) {
    let span = bytes.span
    var table = ByteStringTable()
    preTokenization.forEachWord(in: span, 0..<bytes.count) { range in
      guard range.count > 1 else { return }
      let hash = ByteStringTable.hash(span, range)
      if let word = table.value(of: span, range, hash: hash, storage: span) {
        words[Int(word)].count += 1
      } else {
        table.insert(range, hash: hash, value: Int32(words.count))
        words.append((symbols.count, range.count, 1))
        for position in range { symbols.append(byteIDs[Int(span[position])]) }
      }
    }
  }

  mutating func learnMerges(
    adding newTokenCount: Int, to tokens: inout ByteStrings, minimumPairCount: Int,
    forbidding forbidden: Set<[UInt8]>
  ) -> [BytePairModel.Merge] {
    var merges: [BytePairModel.Merge] = []
    // Two pairs may spell the same token, as a + bc and ab + c, which then keeps its id.
    var idsBySpelling: [[UInt8]: Int32] = [:]
    let vocabularySize = tokens.count + newTokenCount
    queueGrownPairs(minimumPairCount)
    while tokens.count < vocabularySize, let candidate = queue.pop() {
      let index = Int(candidate.pair)
      let count = pairs[index].count
      guard count == candidate.count else {
        if count >= minimumPairCount {
          queue.push(
            Candidate(
              count: count, pair: candidate.pair, left: candidate.left, right: candidate.right))
        }
        continue
      }
      let spelling = Array(tokens[Int(candidate.left)] + tokens[Int(candidate.right)])
      guard !forbidden.contains(spelling) else { continue }
      let result = idsBySpelling[spelling] ?? Int32(tokens.count)
      if Int(result) == tokens.count {
        tokens.append(spelling)
        idsBySpelling[spelling] = result
      }
      merges.append(
        BytePairModel.Merge(
          left: candidate.left, right: candidate.right, result: result,
          rank: Int32(merges.count)))
      step += 1
      let holders = pairs[index].words
      pairs[index].words = []
      for word in holders {
        merge(candidate.left, candidate.right, into: result, in: Int(word))
      }
      pairs[index].count = 0
      queueGrownPairs(minimumPairCount)
    }
    return merges
  }

  private mutating func merge(_ left: Int32, _ right: Int32, into result: Int32, in word: Int) {
    let (start, length, count) = words[word]
    let end = start + length
    var read = start
    var write = start
    while read < end {
      guard read + 1 < end, symbols[read] == left, symbols[read + 1] == right else {
        symbols[write] = symbols[read]
        read += 1
        write += 1
        continue
      }
      if write > start {
        add(-count, to: symbols[write - 1], left, in: word)
        add(count, to: symbols[write - 1], result, in: word)
      }
      if read + 2 < end {
        add(-count, to: right, symbols[read + 2], in: word)
        add(count, to: result, symbols[read + 2], in: word)
      }
      symbols[write] = result
      read += 2
      write += 1
    }
    words[word].length = write - start
  }

  private mutating func add(
    _ count: Int, to left: Int32, _ right: Int32, in word: Int
  ) {
    var pair = pairIndex[left, right]
    if pair < 0 {
      pair = Int32(pairs.count)
      pairIndex[left, right] = pair
      pairs.append(Pair(left: left, right: right))
    }
    let index = Int(pair)
    pairs[index].count += count
    guard count > 0 else { return }
    if pairs[index].words.last != Int32(word) { pairs[index].words.append(Int32(word)) }
    if pairs[index].lastStep != step {
      pairs[index].lastStep = step
      grown.append(pair)
    }
  }

  private mutating func queueGrownPairs(_ minimumPairCount: Int) {
    for pair in grown {
      let entry = pairs[Int(pair)]
      if entry.count >= minimumPairCount {
        queue.push(
          Candidate(count: entry.count, pair: pair, left: entry.left, right: entry.right))
      }
    }
    grown.removeAll(keepingCapacity: true)
  }
}
