/// The table of replacements in a SentencePiece model: a double-array trie (Aoe 1989, in the layout of
/// Darts) whose values are offsets of zero-terminated texts.
struct CharacterMap: Equatable, Sendable {
  private let units: [UInt32]
  private let texts: [UInt8]
  /// The replacement of each ASCII byte on its own, if it is replaced.
  private var singles = [[UInt8]?](repeating: nil, count: 128)
  /// Whether each ASCII byte begins an entry whose second byte is ASCII too.
  private var beginsPair = [Bool](repeating: false, count: 128)

  /// Reads the bytes of a table; nil if they are malformed.
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
    for byte in UInt8(0)..<128 {
      singles[Int(byte)] = shortest([byte], 0..<1).map(Array.init)
      beginsPair[Int(byte)] = hasPair(of: byte)
    }
  }

  private func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & 1 << 9) >> 6)) }

  /// The child node for a byte.
  private func child(of place: Int, _ byte: UInt8) -> (place: Int, unit: UInt32)? {
    let node = place ^ Int(byte)
    guard node < units.count else { return nil }
    let unit = units[node]
    guard unit & (1 << 31 | 0xFF) == UInt32(byte) else { return nil }
    return (node ^ offset(unit), unit)
  }

  private func hasPair(of byte: UInt8) -> Bool {
    guard let (place, _) = child(of: offset(units[0]), byte) else { return false }
    return (UInt8(0)..<128).contains { child(of: place, $0) != nil }
  }

  /// Whether the ASCII byte at `position` is replaced, independently of what follows; nil if that depends
  /// on what follows, or the byte is not ASCII.
  @inline(__always)
  func single(_ bytes: [UInt8], at position: Int) -> (isReplaced: Bool, byte: UInt8)? {
    let byte = bytes[position]
    guard byte < 0x80, !beginsPair[Int(byte)],
      position + 1 == bytes.count || bytes[position + 1] < 0x80
    else { return nil }
    return (singles[Int(byte)] != nil, byte)
  }

  /// The replacement of an ASCII byte on its own.
  func replacement(of byte: UInt8) -> [UInt8] { singles[Int(byte)] ?? [byte] }

  /// Calls `body` with the end and the replacement of every entry that matches at `position`, shortest
  /// first.
  private func forEachReplacement(
    _ bytes: [UInt8], at position: Int, limit: Int, _ body: (Int, ArraySlice<UInt8>) -> Bool
  ) {
    var node = offset(units[0])
    for index in position..<limit {
      guard let (place, unit) = child(of: node, bytes[index]) else { return }
      node = place
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

  /// The longest entry that matches at `position`: its end and its replacement.
  func longest(_ bytes: [UInt8], at position: Int, limit: Int) -> (Int, ArraySlice<UInt8>)? {
    var result: (Int, ArraySlice<UInt8>)?
    forEachReplacement(bytes, at: position, limit: limit) {
      result = ($0, $1)
      return true
    }
    return result
  }

  /// Applies the table as the `tokenizers` package does: to short grapheme clusters as a whole and to the
  /// scalars of longer ones, using the shortest matching entry.
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
        if !isLineEnd {
          let byte = text[position]
          position += 1
          if singles[Int(byte)] == nil {
            output.append(byte)
          } else {
            output += replacement(of: byte)
          }
          continue
        }
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
