/// A unigram language model over tokens (Kudo, arXiv 1804.10959): a text becomes the tokens with the
/// largest sum of scores, which are log probabilities.
struct UnigramModel: Sendable {
  let vocabulary: Vocabulary
  let scores: [Double]
  let unknownID: Int32?
  /// The tokens of the bytes, used for text without tokens.
  let byteIDs: [Int32]?
  /// Whether sums are rounded to single precision, as in SentencePiece.
  let isSinglePrecision: Bool
  private var trie = ByteTrie()
  private let unknownScore: Double

  /// `scores` has one element per token; `isFound` selects the tokens that can be found in texts.
  init(
    vocabulary: Vocabulary, scores: [Double], unknownID: Int32?, byteIDs: [Int32]?,
    isSinglePrecision: Bool = false, lowestScore: Double? = nil,
    finding isFound: (Int) -> Bool = { _ in true }
  ) {
    self.vocabulary = vocabulary
    self.scores = scores
    self.unknownID = unknownID
    self.byteIDs = byteIDs
    self.isSinglePrecision = isSinglePrecision
    // An unknown character scores well below the lowest token.
    unknownScore = (lowestScore ?? scores.min() ?? 0) - 10
    for id in 0..<vocabulary.count where isFound(id) {
      trie.insert(vocabulary[Int32(id)], value: Int32(id))
    }
  }

  private struct Node {
    var score = -Double.infinity
    var start = -1
    var id: Int32 = -1
  }

  private func sum(_ first: Double, _ second: Double) -> Double {
    isSinglePrecision ? Double(Float(first) + Float(second)) : first + second
  }

  /// Appends the ids of the text at `range`.
  func encode(_ bytes: Span<UInt8>, _ range: Range<Int>, into output: inout [Int32]) {
    // The best path to each position.
    var nodes = [Node](repeating: Node(), count: range.count + 1)
    nodes[0].score = 0
    var position = range.lowerBound
    while position < range.upperBound {
      let length = decodeScalar(at: position, in: bytes, limit: range.upperBound)?.length ?? 1
      let score = nodes[position - range.lowerBound].score
      var hasCharacter = false
      func offer(_ id: Int32, _ candidate: Double, end: Int) {
        let place = end - range.lowerBound
        if nodes[place].start < 0 || candidate > nodes[place].score {
          nodes[place] = Node(score: candidate, start: position - range.lowerBound, id: id)
        }
      }
      trie.forEachMatch(in: bytes, at: position, limit: range.upperBound) { end, id in
        offer(id, sum(score, scores[Int(id)]), end: end)
        if end - position == length { hasCharacter = true }
      }
      if !hasCharacter { offer(-1, sum(score, unknownScore), end: position + length) }
      position += length
    }
    appendPath(nodes, bytes, range, to: &output)
  }

  private func appendPath(
    _ nodes: [Node], _ bytes: Span<UInt8>, _ range: Range<Int>, to output: inout [Int32]
  ) {
    var reversed: [Int32] = []
    var place = range.count
    while place > 0 {
      let node = nodes[place]
      if node.id >= 0, node.id != unknownID {
        reversed.append(node.id)
        place = node.start
        continue
      }
      // Consecutive unknown characters are merged.
      var start = node.start
      while start > 0, nodes[start].id < 0 || nodes[start].id == unknownID {
        start = nodes[start].start
      }
      let unknown = range.lowerBound + start..<range.lowerBound + place
      if let byteIDs {
        for position in unknown.reversed() { reversed.append(byteIDs[Int(bytes[position])]) }
      } else if let unknownID {
        reversed.append(unknownID)
      }
      place = start
    }
    output += reversed.reversed()
  }
}

extension UnigramModel: Equatable {
  static func == (left: Self, right: Self) -> Bool {
    left.vocabulary == right.vocabulary && left.scores == right.scores
      && left.unknownID == right.unknownID && left.byteIDs == right.byteIDs
  }
}
