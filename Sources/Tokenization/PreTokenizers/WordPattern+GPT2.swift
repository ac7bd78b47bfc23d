/// The end of the GPT-2 word that starts at `start`: a contraction; a run of letters, of numbers, or of
/// other characters, each with at most one leading space; a run of white space, without its last
/// character if a word follows.
func gpt2WordEnd(in bytes: Span<UInt8>, from start: Int, limit: Int) -> Int {
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
  // White space before a word leaves its last character to the word, unless it has only one.
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
