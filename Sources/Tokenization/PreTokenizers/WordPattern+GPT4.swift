// The alternatives of the expressions are tried in order, and the first that matches wins, even if a
// later one would match more.

/// The end of the word that starts at `start` by the rules of GPT-4.
func gpt4WordEnd(
  in bytes: Span<UInt8>, from start: Int, limit: Int, mostDigits: Int
) -> Int {
  let first = bytes[start]
  if first == UInt8(ascii: "'"),
    let end = contractionEnd(in: bytes, from: start, limit: limit)
  {
    return end
  }
  let (kind, length) = characterClass(at: start, in: bytes, limit: limit)
  let second = start + length
  if kind == .letter { return runEnd(of: .letter, in: bytes, from: second, limit: limit) }
  if kind != .number, first != 0x0A, first != 0x0D, second < limit {
    let next = characterClass(at: second, in: bytes, limit: limit)
    if next.kind == .letter {
      return runEnd(of: .letter, in: bytes, from: second + next.length, limit: limit)
    }
  }
  return otherWordEnd(
    in: bytes, from: start, limit: limit, mostDigits: mostDigits, takesSlashes: false)
}

/// The end of the word that starts at `start` by the rules of GPT-4o, which also cut before capitals.
func casedWordEnd(
  in bytes: Span<UInt8>, from start: Int, limit: Int, mostDigits: Int, contractions: Bool
) -> Int {
  let first = bytes[start]
  let (kind, length) = characterClass(at: start, in: bytes, limit: limit)
  var starts = [start]
  if kind != .letter, kind != .number, first != 0x0A, first != 0x0D {
    starts = [start + length, start]
  }
  for ending in [smallEnding, capitalBeginning] {
    for start in starts {
      guard let end = ending(bytes, start, limit) else { continue }
      return contractions
        ? contractionEnd(in: bytes, from: end, limit: limit) ?? end : end
    }
  }
  return otherWordEnd(
    in: bytes, from: start, limit: limit, mostDigits: mostDigits, takesSlashes: true)
}

/// The end of capitals followed by at least one small letter; letters without case count as both.
private func smallEnding(_ bytes: Span<UInt8>, from start: Int, limit: Int) -> Int? {
  var position = start
  var lastSmall: Int?
  while position < limit {
    let (traits, length) = ScalarTraits.at(position, in: bytes, limit: limit)
    guard traits.intersects(.capital) else { break }
    position += length
    if traits.intersects(.small) { lastSmall = position }
  }
  let end = smallEnd(bytes, from: position, limit: limit)
  return end > position ? end : lastSmall
}

/// The end of at least one capital followed by small letters.
private func capitalBeginning(_ bytes: Span<UInt8>, from start: Int, limit: Int) -> Int? {
  var position = start
  while position < limit {
    let (traits, length) = ScalarTraits.at(position, in: bytes, limit: limit)
    guard traits.intersects(.capital) else { break }
    position += length
  }
  return position > start ? smallEnd(bytes, from: position, limit: limit) : nil
}

private func smallEnd(_ bytes: Span<UInt8>, from start: Int, limit: Int) -> Int {
  var position = start
  while position < limit {
    let (traits, length) = ScalarTraits.at(position, in: bytes, limit: limit)
    guard traits.intersects(.small) else { break }
    position += length
  }
  return position
}

/// The end of a word without letters: some digits; other characters with the line ends after them; white
/// space up to its last line end; white space except its last character.
@inline(__always)
private func otherWordEnd(
  in bytes: Span<UInt8>, from start: Int, limit: Int, mostDigits: Int, takesSlashes: Bool
) -> Int {
  let (kind, length) = characterClass(at: start, in: bytes, limit: limit)
  if kind == .number {
    return runEnd(
      of: .number, in: bytes, from: start + length, limit: limit, atMost: mostDigits - 1)
  }
  var other = start
  if bytes[start] == UInt8(ascii: " ") { other += 1 }
  var end = runEnd(of: .other, in: bytes, from: other, limit: limit)
  if end > other {
    while end < limit,
      bytes[end] == 0x0A || bytes[end] == 0x0D || takesSlashes && bytes[end] == UInt8(ascii: "/")
    {
      end += 1
    }
    return end
  }
  var position = start
  var last = start
  var lineEnd: Int?
  while position < limit {
    let next = characterClass(at: position, in: bytes, limit: limit)
    guard next.kind == .space else { break }
    last = position
    position += next.length
    if bytes[last] == 0x0A || bytes[last] == 0x0D { lineEnd = position }
  }
  if let lineEnd { return lineEnd }
  return position < limit && last > start ? last : position
}

/// The end of an English contraction in any case; the long s counts as an s.
private func contractionEnd(in bytes: Span<UInt8>, from start: Int, limit: Int) -> Int? {
  guard start + 1 < limit, bytes[start] == UInt8(ascii: "'") else { return nil }
  let first = bytes[start + 1]
  let second: UInt8? = start + 2 < limit ? bytes[start + 2] : nil
  // Converts letters to lower case.
  switch first | 0x20 {
  case _ where first == 0xC5:
    return second == 0xBF ? start + 3 : nil
  case UInt8(ascii: "s"), UInt8(ascii: "t"), UInt8(ascii: "m"), UInt8(ascii: "d"):
    return start + 2
  case UInt8(ascii: "r"), UInt8(ascii: "v"):
    return second.map { $0 | 0x20 } == UInt8(ascii: "e") ? start + 3 : nil
  case UInt8(ascii: "l"):
    return second.map { $0 | 0x20 } == UInt8(ascii: "l") ? start + 3 : nil
  default:
    return nil
  }
}
