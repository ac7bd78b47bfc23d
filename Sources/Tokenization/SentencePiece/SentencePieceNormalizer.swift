/// SentencePiece's own normaliser: replaces text by the longest matching entries of its table, removes
/// superfluous spaces, adds a space before the text, and writes spaces as marks.
struct SentencePieceNormalizer: Sendable {
  let map: CharacterMap?
  let addsPrefix: Bool
  /// Whether the prefix goes only before what begins a text, not behind an added token.
  var prefixesFirstOnly = false
  let removesExtraSpaces: Bool
  let escapesSpaces: Bool
  /// Whether the added space comes after the text.
  let suffixesSpace: Bool
  /// Texts that are not normalised.
  let fixed: ByteTrie
  let fixedIDs: [Int32]

  private static let space: [UInt8] = [UInt8(ascii: " ")]

  func normalized(_ text: [UInt8], isFirst: Bool) -> [UInt8] {
    guard !text.isEmpty else { return [] }
    let mark = escapesSpaces ? Metaspace.mark : Self.space
    var output: [UInt8] = []
    output.reserveCapacity(text.count + text.count / 4)
    var isStarted = false
    var wasSpace = removesExtraSpaces
    func append(_ byte: UInt8) {
      let isSpace = byte == Self.space[0]
      if isSpace { output += mark } else { output.append(byte) }
      wasSpace = removesExtraSpaces && isSpace
    }
    func start(isSpace: Bool) -> Bool {
      if isStarted { return true }
      // Leading spaces are dropped.
      if removesExtraSpaces, isSpace { return false }
      isStarted = true
      if addsPrefix, !suffixesSpace, isFirst || !prefixesFirstOnly { output += mark }
      return true
    }
    var position = 0
    while position < text.count {
      if fixed.isEmpty || !fixed.mayBegin(with: text[position]),
        let byte = plainByte(of: text, at: position)
      {
        position += 1
        let isSpace = byte == Self.space[0]
        if start(isSpace: isSpace), !(isSpace && wasSpace) { append(byte) }
        continue
      }
      let (part, end) = part(of: text, at: position)
      position = end
      guard start(isSpace: part.elementsEqual(Self.space)) else { continue }
      for byte in wasSpace ? part.drop(while: { $0 == Self.space[0] }) : part { append(byte) }
    }
    guard isStarted else { return [] }
    if removesExtraSpaces {
      while output.count >= mark.count, output.suffix(mark.count).elementsEqual(mark) {
        output.removeLast(mark.count)
      }
    }
    if addsPrefix, suffixesSpace { output += mark }
    return output
  }

  /// The ASCII byte at `position` if normalisation does not change it, or nil.
  @inline(__always)
  private func plainByte(of text: [UInt8], at position: Int) -> UInt8? {
    guard let map else { return text[position] < 0x80 ? text[position] : nil }
    guard let single = map.single(text, at: position), !single.isReplaced else { return nil }
    return single.byte
  }

  /// The replacement of the text at `position`, and the position after that text.
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
