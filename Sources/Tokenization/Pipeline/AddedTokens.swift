/// A token outside the model, such as an end-of-text marker.
struct AddedToken: Equatable, Sendable {
  var id: Int32
  var content: String
  /// Whether it is matched in texts only on request; other added tokens are always matched.
  var isSpecial: Bool
  /// Whether it is matched only if no word character is adjacent.
  var isSingleWord = false
  /// Whether it includes the white space before it.
  var stripsLeft = false
  /// Whether it includes the white space after it.
  var stripsRight = false
  /// Whether it is normalised and matched in the normalised text.
  var isNormalized = false
}

/// Where the spellings of special tokens in a text become these tokens.
enum SpecialTokenRecognition {
  case nowhere
  case everywhere
  /// Within the given ranges of the text, which are in order.
  case within([Range<Int>])

  func accepts(_ match: Range<Int>) -> Bool {
    switch self {
    case .nowhere: false
    case .everywhere: true
    case .within(let ranges):
      ranges.contains { $0.lowerBound <= match.lowerBound && match.upperBound <= $0.upperBound }
    }
  }

  /// The recognition in the normalised text, in which ranges are no longer valid.
  var normalized: Self { if case .everywhere = self { .everywhere } else { .nowhere } }
}

/// The added tokens of a tokenizer, with tables to find them in texts.
struct AddedTokens: Sendable {
  let tokens: [AddedToken]
  private let contents: [Int32: Int]
  /// From spellings to indices in `tokens`.
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

  /// The added token with an id.
  subscript(id: Int32) -> AddedToken? { contents[id].map { tokens[$0] } }

  /// Whether some tokens are matched after normalisation.
  var hasNormalized: Bool { !normalized.isEmpty }

  /// Splits `range` of `bytes` into text and tokens. Special tokens are text unless recognised.
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
      // A match that is rejected is skipped as a whole.
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

  /// The start of the scalar before `position`, or nil at the beginning.
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
