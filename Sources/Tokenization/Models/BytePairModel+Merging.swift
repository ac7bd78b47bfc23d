/// The tokens of a word during merging, and working memory that is reused between words.
struct Merging {
  var symbols: [Int32] = []
  fileprivate var ranks: [Int32] = []
  fileprivate var heap = BinaryHeap<Candidate>()
  fileprivate var next: [Int] = []
  fileprivate var previous: [Int] = []

  mutating func start(with symbols: [Int32]) {
    self.symbols.removeAll(keepingCapacity: true)
    self.symbols.append(contentsOf: symbols)
  }

  /// A pair that may be merged; the lowest rank comes first, and of equal ranks the leftmost.
  fileprivate struct Candidate: Comparable {
    var rank: Int32
    var position: Int

    static func < (left: Self, right: Self) -> Bool {
      (left.rank, left.position) < (right.rank, right.position)
    }
  }
}

extension BytePairModel {
  /// The longest word, in tokens, for which scanning for the best pair is faster than a priority queue.
  private static let longestScan = 48

  /// Merges pairs of `merging.symbols` until no merge applies.
  func merge(_ merging: inout Merging) {
    if merging.symbols.count <= Self.longestScan {
      mergeByScanning(&merging)
    } else {
      mergeByQueueing(&merging)
    }
  }

  /// Merges in time quadratic in the length of the word, with a small constant.
  func mergeByScanning(_ merging: inout Merging) {
    guard merging.symbols.count > 1 else { return }
    merging.ranks.removeAll(keepingCapacity: true)
    for index in 0..<merging.symbols.count - 1 {
      merging.ranks.append(ranks[merging.symbols[index], merging.symbols[index + 1]])
    }
    while true {
      var best = Int32.max
      var position = -1
      for index in 0..<merging.ranks.count {
        let rank = merging.ranks[index]
        if rank >= 0 && rank < best { (best, position) = (rank, index) }
      }
      guard position >= 0 else { return }
      merging.symbols[position] = results[Int(best)]
      merging.symbols.remove(at: position + 1)
      merging.ranks.remove(at: position)
      if position > 0 {
        merging.ranks[position - 1] =
          ranks[merging.symbols[position - 1], merging.symbols[position]]
      }
      if position < merging.ranks.count {
        merging.ranks[position] = ranks[merging.symbols[position], merging.symbols[position + 1]]
      }
    }
  }

  /// Merges in time n log n for n bytes, since hostile text may contain a word of any length.
  func mergeByQueueing(_ merging: inout Merging) {
    let count = merging.symbols.count
    merging.next = Array(1..<count + 1)
    merging.previous = Array(-1..<count - 1)
    merging.heap.removeAll()
    for index in 0..<count { queuePair(at: index, &merging) }
    while let candidate = merging.heap.pop() {
      let left = candidate.position
      // A candidate is stale if its left token was merged away or its pair has changed.
      guard merging.symbols[left] >= 0 else { continue }
      let right = merging.next[left]
      guard right < count,
        ranks[merging.symbols[left], merging.symbols[right]] == candidate.rank
      else { continue }
      merging.symbols[left] = results[Int(candidate.rank)]
      merging.symbols[right] = -1
      let following = merging.next[right]
      merging.next[left] = following
      if following < count { merging.previous[following] = left }
      queuePair(at: left, &merging)
      if merging.previous[left] >= 0 { queuePair(at: merging.previous[left], &merging) }
    }
    merging.symbols.removeAll { $0 < 0 }
  }

  private func queuePair(at left: Int, _ merging: inout Merging) {
    let right = merging.next[left]
    guard right < merging.symbols.count else { return }
    let rank = ranks[merging.symbols[left], merging.symbols[right]]
    if rank >= 0 { merging.heap.push(Merging.Candidate(rank: rank, position: left)) }
  }
}
