/// A token that stands outside the model, such as an end-of-text marker.
struct AddedToken: Equatable, Sendable {
  var id: Int32
  var content: String
  /// A special token is matched in a text only on request, any other added token always.
  var isSpecial: Bool
  /// Matched only where no word character touches it.
  var isSingleWord = false
  /// White space before it belongs to it.
  var stripsLeft = false
  /// White space after it belongs to it.
  var stripsRight = false
  /// Matched in the normalised text, itself normalised.
  var isNormalized = false
}

/// Where the spelling of a special token in a text is that token.
enum SpecialTokenRecognition {
  case nowhere
  case everywhere
  /// Within these ranges of the text, which are in order.
  case within([Range<Int>])

  func accepts(_ match: Range<Int>) -> Bool {
    switch self {
    case .nowhere: false
    case .everywhere: true
    case .within(let ranges):
      ranges.contains { $0.lowerBound <= match.lowerBound && match.upperBound <= $0.upperBound }
    }
  }

  /// The same for the text after it was normalised, when places have moved.
  var normalized: Self { if case .everywhere = self { .everywhere } else { .nowhere } }
}

/// The added tokens of a tokenizer, and how they are found in texts.
struct AddedTokens: Sendable {
  let tokens: [AddedToken]
  private let contents: [Int32: Int]
  /// From spellings to places in `tokens`.
  private var plain = ByteTrie()
  private var normalized = ByteTrie()

  init(_ tokens: [AddedToken], normalizer: Normalizer? = nil) {
    self.tokens = tokens
    contents = Dictionary(
      tokens.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    for (index, token) in tokens.enumerated() {
      let content = Array(token.content.utf8)
      if token.isNormalized {
        normalized.insert(normalizer?.normalized(content) ?? content, value: Int32(index))
      } else {
        plain.insert(content, value: Int32(index))
      }
    }
  }

  /// The added token of an id.
  subscript(id: Int32) -> AddedToken? { contents[id].map { tokens[$0] } }

  /// Whether some tokens are looked for after normalisation.
  var hasNormalized: Bool { !normalized.isEmpty }

  /// The text `range` of `bytes` and the tokens in it. Special tokens are text unless recognised.
  func pieces(
    of bytes: [UInt8], _ range: Range<Int>, isNormalized: Bool, recognizing: SpecialTokenRecognition
  ) -> [Pieces.Piece] {
    let trie = isNormalized ? normalized : plain
    let span = bytes.span
    var pieces: [Pieces.Piece] = []
    var start = range.lowerBound
    var position = start
    while position < range.upperBound {
      guard trie.mayBegin(with: bytes[position]),
        let (end, index) = trie.longestMatch(in: span, at: position, limit: range.upperBound)
      else {
        position += 1
        continue
      }
      var match = position..<end
      position = end
      let token = tokens[Int(index)]
      // What is matched and refused is passed over as a whole.
      if token.isSpecial && !recognizing.accepts(match) { continue }
      if token.isSingleWord, touchesWord(span, match, in: range) { continue }
      if token.stripsLeft {
        match = max(start, spaceStart(span, before: match.lowerBound, from: start))..<end
      }
      if token.stripsRight {
        match = match.lowerBound..<spaceEnd(span, from: end, limit: range.upperBound)
      }
      if start < match.lowerBound { pieces.append(.init(range: start..<match.lowerBound)) }
      pieces.append(.init(range: match.upperBound..<match.upperBound, id: token.id))
      start = max(start, match.upperBound)
    }
    if start < range.upperBound { pieces.append(.init(range: start..<range.upperBound)) }
    return pieces
  }

  private func touchesWord(_ bytes: Span<UInt8>, _ match: Range<Int>, in range: Range<Int>) -> Bool
  {
    let before = scalarStart(bytes, before: match.lowerBound, from: range.lowerBound)
    return [before, match.upperBound].contains { position in
      guard let position, position < range.upperBound else { return false }
      let (traits, _) = ScalarTraits.at(position, in: bytes, limit: range.upperBound)
      return traits.intersects(.word)
    }
  }

  /// Where the scalar before `position` begins, or nil at the beginning.
  private func scalarStart(_ bytes: Span<UInt8>, before position: Int, from start: Int) -> Int? {
    guard position > start else { return nil }
    var candidate = position - 1
    while candidate > start, candidate > position - 4, bytes[candidate] & 0xC0 == 0x80 {
      candidate -= 1
    }
    return candidate
  }

  private func spaceStart(_ bytes: Span<UInt8>, before position: Int, from start: Int) -> Int {
    var position = position
    while let before = scalarStart(bytes, before: position, from: start) {
      let (traits, length) = ScalarTraits.at(before, in: bytes, limit: position)
      guard before + length == position, traits.intersects(.whiteSpace) else { break }
      position = before
    }
    return position
  }

  private func spaceEnd(_ bytes: Span<UInt8>, from start: Int, limit: Int) -> Int {
    var position = start
    while position < limit {
      let (traits, length) = ScalarTraits.at(position, in: bytes, limit: limit)
      guard traits.intersects(.whiteSpace) else { break }
      position += length
    }
    return position
  }
}

extension AddedTokens: Equatable {
  static func == (left: Self, right: Self) -> Bool { left.tokens == right.tokens }
}
