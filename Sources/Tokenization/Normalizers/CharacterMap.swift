/// The table of replacements that a SentencePiece model carries: a trie in a double array (Aoe 1989,
/// as Darts lays it out) whose values are places in a row of texts, each ended by a zero.
struct CharacterMap: Equatable, Sendable {
  private let units: [UInt32]
  private let texts: [UInt8]

  /// Reads the table's bytes; nil where they are none.
  init?(_ bytes: some RandomAccessCollection<UInt8>) {
    let bytes = Array(bytes)
    func word(_ index: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[4 * index + $1]) << UInt32(8 * $1) }
    }
    guard bytes.count >= 4 else { return nil }
    let size = Int(word(0))
    guard size % 4 == 0, size > 0, size <= bytes.count - 4 else { return nil }
    units = (1...size / 4).map(word)
    texts = Array(bytes[(4 + size)...])
  }

  /// The texts that replace the beginnings of `bytes` from `position`, and how long these are, the
  /// shortest first.
  private func forEachReplacement(
    _ bytes: [UInt8], at position: Int, limit: Int, _ body: (Int, ArraySlice<UInt8>) -> Bool
  ) {
    func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & 1 << 9) >> 6)) }
    var node = offset(units[0])
    for index in position..<limit {
      node ^= Int(bytes[index])
      guard node < units.count else { return }
      let unit = units[node]
      guard unit & (1 << 31 | 0xFF) == UInt32(bytes[index]) else { return }
      node ^= offset(unit)
      if unit >> 8 & 1 == 1 {
        guard node < units.count else { return }
        let start = Int(units[node] & 0x7FFF_FFFF)
        guard start < texts.count else { return }
        let end = texts[start...].firstIndex(of: 0) ?? texts.count
        if !body(index + 1, texts[start..<end]) { return }
      }
    }
  }

  private func shortest(
    _ bytes: [UInt8], _ range: Range<Int>
  ) -> ArraySlice<UInt8>? {
    var result: ArraySlice<UInt8>?
    forEachReplacement(bytes, at: range.lowerBound, limit: range.upperBound) {
      result = $1
      return false
    }
    return result
  }

  /// The longest replacement at `position`: the end of what it replaces, and the text.
  func longest(_ bytes: [UInt8], at position: Int, limit: Int) -> (Int, ArraySlice<UInt8>)? {
    var result: (Int, ArraySlice<UInt8>)?
    forEachReplacement(bytes, at: position, limit: limit) {
      result = ($0, $1)
      return true
    }
    return result
  }

  /// As the `tokenizers` package applies the table: to characters as readers see them where these
  /// are short, otherwise to their scalars, and by the shortest entry.
  func normalizedByCharacter(_ text: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(text.count)
    func replaceScalars(_ bytes: [UInt8]) {
      forEachScalar(in: bytes) { scalar, range in
        output += (scalar == nil ? nil : shortest(bytes, range)) ?? bytes[range]
      }
    }
    if text.isASCII {
      var position = 0
      while position < text.count {
        let isLineEnd =
          text[position] == 0x0D && position + 1 < text.count && text[position + 1] == 0x0A
        let range = position..<position + (isLineEnd ? 2 : 1)
        if let replacement = shortest(text, range) {
          output += replacement
        } else {
          replaceScalars(Array(text[range]))
        }
        position = range.upperBound
      }
      return output
    }
    guard let characters = String(validating: text, as: UTF8.self) else {
      replaceScalars(text)
      return output
    }
    for character in characters {
      let bytes = Array(character.utf8)
      if bytes.count < 6, let replacement = shortest(bytes, 0..<bytes.count) {
        output += replacement
      } else {
        replaceScalars(bytes)
      }
    }
    return output
  }
}
