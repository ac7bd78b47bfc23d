/// How text is cut into words before byte pairs are merged: no token crosses a cut.
public enum PreTokenization: Sendable {
  /// The cuts of GPT-2: the English contractions `'s 't 're 've 'm 'll 'd`; a run of letters, of
  /// numbers, or of other characters, each with at most one leading space; a run of white space,
  /// which leaves its last character to the word that follows.
  case gpt2
  /// Every numeric character is a word of its own, and what lies between is cut as in GPT-2.
  case gpt2WithSingleDigits
}

extension PreTokenization {
  /// Calls `body` with the range of each word of `range`, in order; the words tile the range.
  @inline(__always)
  func forEachWord(
    in bytes: Span<UInt8>, _ range: Range<Int>, _ body: (Range<Int>) -> Void
  ) {
    switch self {
    case .gpt2:
      splitWords(in: bytes, range, body)
    case .gpt2WithSingleDigits:
      var start = range.lowerBound
      var position = start
      while position < range.upperBound {
        let (kind, length) = characterClass(at: position, in: bytes, limit: range.upperBound)
        if kind == .number {
          splitWords(in: bytes, start..<position, body)
          body(position..<position + length)
          start = position + length
        }
        position += length
      }
      splitWords(in: bytes, start..<range.upperBound, body)
    }
  }
}

@inline(__always)
private func splitWords(
  in bytes: Span<UInt8>, _ range: Range<Int>, _ body: (Range<Int>) -> Void
) {
  var start = range.lowerBound
  while start < range.upperBound {
    let end = wordEnd(in: bytes, from: start, limit: range.upperBound)
    body(start..<end)
    start = end
  }
}

/// The end of the GPT-2 word that starts at `start`, which is below `limit`.
private func wordEnd(in bytes: Span<UInt8>, from start: Int, limit: Int) -> Int {
  let first = bytes[start]
  if first == UInt8(ascii: "'"),
    let length = contractionLength(in: bytes, from: start, limit: limit)
  {
    return start + length
  }
  var position = start
  var (kind, length) = characterClass(at: position, in: bytes, limit: limit)
  if first == UInt8(ascii: " "), start + 1 < limit {
    let next = characterClass(at: start + 1, in: bytes, limit: limit)
    if next.kind != .space {
      position += 1
      (kind, length) = next
    }
  }
  var last = position
  position += length
  while position < limit {
    let next = characterClass(at: position, in: bytes, limit: limit)
    guard next.kind == kind else { break }
    last = position
    position += next.length
  }
  // White space before a word gives up its last character, unless it has only one.
  return kind == .space && position < limit && last > start ? last : position
}

private func contractionLength(in bytes: Span<UInt8>, from start: Int, limit: Int) -> Int? {
  guard start + 1 < limit else { return nil }
  switch bytes[start + 1] {
  case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
    return 2
  case UInt8(ascii: "r"), UInt8(ascii: "v"):
    return start + 2 < limit && bytes[start + 2] == UInt8(ascii: "e") ? 3 : nil
  case UInt8(ascii: "l"):
    return start + 2 < limit && bytes[start + 2] == UInt8(ascii: "l") ? 3 : nil
  default:
    return nil
  }
}

/// What pre-tokenization distinguishes: the general categories L and N, the property White_Space,
/// and everything else, bytes that are not UTF-8 included.
enum CharacterClass: UInt8 {
  case other, letter, number, space
}

@inline(__always)
private func characterClass(
  at position: Int, in bytes: Span<UInt8>, limit: Int
) -> (kind: CharacterClass, length: Int) {
  let first = bytes[position]
  if first < 0x80 { return (CharacterClass(ascii: first), 1) }
  guard let (scalar, length) = decodeScalar(at: position, in: bytes, limit: limit) else {
    return (.other, 1)
  }
  return (CharacterClass(scalar), length)
}

extension CharacterClass {
  @inline(__always)
  init(ascii byte: UInt8) {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
      self = .letter
    case UInt8(ascii: " "), 0x09...0x0D:
      self = .space
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      self = .number
    default:
      self = .other
    }
  }

  init(_ scalar: Unicode.Scalar) {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      self = .letter
    case .decimalNumber, .letterNumber, .otherNumber:
      self = .number
    default:
      self = scalar.properties.isWhitespace ? .space : .other
    }
  }
}
