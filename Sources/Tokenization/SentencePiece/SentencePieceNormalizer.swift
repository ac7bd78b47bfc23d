/// SentencePiece's own normaliser: replaces by the longest entries of its table, drops superfluous
/// spaces, puts a space before the text, and writes spaces as marks.
struct SentencePieceNormalizer: Sendable {
  let map: CharacterMap?
  let addsPrefix: Bool
  let removesExtraSpaces: Bool
  let escapesSpaces: Bool
  /// Whether the space that is added goes after the text.
  let suffixesSpace: Bool
  /// Texts that stay as they are.
  let fixed: ByteTrie
  let fixedIDs: [Int32]

  private static let space: [UInt8] = [UInt8(ascii: " ")]

  func normalized(_ text: [UInt8]) -> [UInt8] {
    guard !text.isEmpty else { return [] }
    var parts: [ArraySlice<UInt8>] = []
    var position = 0
    while position < text.count {
      let (part, end) = part(of: text, at: position)
      parts.append(part)
      position = end
    }
    if removesExtraSpaces {
      // What becomes a space is dropped as far as it leads.
      parts = Array(parts.drop { $0.elementsEqual(Self.space) })
      guard !parts.isEmpty else { return [] }
    }
    let mark = escapesSpaces ? Metaspace.mark : Self.space
    var output: [UInt8] = []
    output.reserveCapacity(text.count + text.count / 4)
    if addsPrefix, !suffixesSpace { output += mark }
    var wasSpace = removesExtraSpaces
    for part in parts {
      var part = part
      if removesExtraSpaces, wasSpace {
        part = part.drop { $0 == Self.space[0] }
      }
      guard !part.isEmpty else { continue }
      wasSpace = part.last == Self.space[0]
      for byte in part {
        if byte == Self.space[0] { output += mark } else { output.append(byte) }
      }
    }
    if removesExtraSpaces {
      while output.count >= mark.count, output.suffix(mark.count).elementsEqual(mark) {
        output.removeLast(mark.count)
      }
    }
    if addsPrefix, suffixesSpace { output += mark }
    return output
  }

  /// What the text at `position` becomes, and where it goes on.
  private func part(of text: [UInt8], at position: Int) -> (ArraySlice<UInt8>, Int) {
    if !fixed.isEmpty,
      let (end, _) = fixed.longestMatch(in: text.span, at: position, limit: text.count)
    {
      return (text[position..<end], end)
    }
    if let (end, replacement) = map?.longest(text, at: position, limit: text.count) {
      return (replacement, end)
    }
    let length = decodeScalar(at: position, in: text.span, limit: text.count)?.length ?? 1
    return (text[position..<position + length], position + length)
  }
}

extension SentencePieceNormalizer: Equatable {
  static func == (left: Self, right: Self) -> Bool {
    left.map == right.map && left.addsPrefix == right.addsPrefix
      && left.removesExtraSpaces == right.removesExtraSpaces
      && left.escapesSpaces == right.escapesSpaces && left.suffixesSpace == right.suffixesSpace
      && left.fixedIDs == right.fixedIDs
  }
}
