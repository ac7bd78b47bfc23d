/// A pattern that a pre-tokenizer or normaliser searches for.
enum TextPattern: Equatable, Sendable {
  case literal([UInt8])
  case words(WordPattern)
  case expression(RegularExpression)
  /// Single characters with these traits; `orASCIIPunctuation` adds the ASCII punctuation that Unicode
  /// classifies as symbols.
  case character(ScalarTraits, orASCIIPunctuation: Bool)

  static let whiteSpace = Self.character(.whiteSpace, orASCIIPunctuation: false)
  static let number = Self.character(.number, orASCIIPunctuation: false)
  static let punctuation = Self.character(.punctuation, orASCIIPunctuation: true)

  /// The non-overlapping matches within `range`, from left to right.
  func matches(in bytes: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
    var matches: [Range<Int>] = []
    switch self {
    case .words(let pattern):
      pattern.cut(bytes.span, range, into: &matches)
    case .expression(let expression):
      return expression.matches(in: bytes, range)
    case .literal(let literal):
      guard let first = literal.first else { return [] }
      var position = range.lowerBound
      while position + literal.count <= range.upperBound {
        if bytes[position] == first, bytes[position...].starts(with: literal) {
          matches.append(position..<position + literal.count)
          position += literal.count
        } else {
          position += 1
        }
      }
    case .character(let wanted, let orASCIIPunctuation):
      let span = bytes.span
      var position = range.lowerBound
      while position < range.upperBound {
        let (traits, length) = ScalarTraits.at(position, in: span, limit: range.upperBound)
        if traits.intersects(wanted) || orASCIIPunctuation && isASCIIPunctuation(bytes[position]) {
          matches.append(position..<position + length)
        }
        position += length
      }
    }
    return matches
  }

  /// `text` with every match replaced.
  func replacing(_ text: [UInt8], by replacement: [UInt8]) -> [UInt8] {
    let matches = matches(in: text, 0..<text.count)
    guard !matches.isEmpty else { return text }
    var output: [UInt8] = []
    output.reserveCapacity(text.count)
    var position = 0
    for match in matches {
      output += text[position..<match.lowerBound]
      output += replacement
      position = match.upperBound
    }
    return output + text[position...]
  }
}

/// Whether a byte is ASCII punctuation, including what Unicode classifies as symbols.
func isASCIIPunctuation(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
  default: false
  }
}
