/// How a normalised text is cut into words, which the model encodes one by one.
indirect enum PreTokenizer: Equatable, Sendable {
  /// GPT-2's rules: optionally a space before the text and words cut by GPT-2's expression, and bytes
  /// spelled in the byte alphabet.
  case byteLevel(addsPrefixSpace: Bool, cutsWords: Bool)
  /// SentencePiece's rules: spaces become marks, and words are optionally cut before them.
  case metaspace(Metaspace, cutsWords: Bool)
  case split(TextPattern, SplitBehavior, isInverted: Bool)
  /// Cuts into runs of word characters and runs of other characters, dropping white space.
  case whitespace
  /// Cuts at white space, which is dropped, and around each punctuation mark.
  case bert
  /// Cuts around runs of digits, or around each digit.
  case digits(individually: Bool)
  case sequence([PreTokenizer])

  /// The steps, with sequences flattened.
  var steps: [PreTokenizer] {
    if case .sequence(let parts) = self { parts.flatMap(\.steps) } else { [self] }
  }

  /// Applies every step. With `keepsBytes`, bytes are not spelled in the byte alphabet, for a model that
  /// works on bytes.
  func apply(to pieces: inout Pieces, keepsBytes: Bool) {
    switch self {
    case .sequence(let parts):
      for part in parts { part.apply(to: &pieces, keepsBytes: keepsBytes) }
    case .byteLevel(let addsPrefixSpace, let cutsWords):
      if addsPrefixSpace { addSpaces(to: &pieces) }
      if cutsWords { pieces.cut { WordPattern.gpt2.cut($0, $1, into: &$2) } }
      if !keepsBytes { spellBytes(of: &pieces) }
    case .metaspace(let metaspace, let cutsWords):
      pieces.rewrite { bytes, piece, output in
        metaspace.write(bytes[piece.range], isFirst: piece.isFirst, to: &output)
      }
      if cutsWords {
        let mark = TextPattern.literal(metaspace.mark)
        PreTokenizer.split(mark, .mergedWithNext, isInverted: false)
          .apply(to: &pieces, keepsBytes: keepsBytes)
      }
    case .split(.words(let pattern), .isolated, _):
      pieces.cut { pattern.cut($0, $1, into: &$2) }
    case .split(let pattern, let behavior, let isInverted):
      let bytes = pieces.bytes
      pieces.cut { _, range, words in
        behavior.cut(
          range, at: pattern.matches(in: bytes, range), isInverted: isInverted, into: &words)
      }
    case .whitespace:
      pieces.cut { cutWordCharacters($0, $1, into: &$2) }
    case .bert:
      pieces.cut { cutBertWords($0, $1, into: &$2) }
    case .digits(let individually):
      pieces.cut { cutDigits($0, $1, individually: individually, into: &$2) }
    }
  }

  private func addSpaces(to pieces: inout Pieces) {
    let space = UInt8(ascii: " ")
    let isNeeded = pieces.pieces.contains {
      $0.id < 0 && pieces.bytes[$0.range.lowerBound] != space
    }
    guard isNeeded else { return }
    pieces.rewrite { bytes, piece, output in
      if bytes[piece.range.lowerBound] != space { output.append(space) }
      output += bytes[piece.range]
    }
  }

  private func spellBytes(of pieces: inout Pieces) {
    pieces.rewrite { bytes, piece, output in
      output += ByteAlphabet.spelling(of: bytes[piece.range])
    }
  }
}

/// Cuts `range` around every digit, or around every run of digits.
func cutDigits(
  _ bytes: Span<UInt8>, _ range: Range<Int>, individually: Bool, into words: inout [Range<Int>]
) {
  var start = range.lowerBound
  var position = start
  while position < range.upperBound {
    let (kind, length) = characterClass(at: position, in: bytes, limit: range.upperBound)
    guard kind == .number else {
      position += length
      continue
    }
    if start < position { words.append(start..<position) }
    let end =
      individually
      ? position + length
      : runEnd(of: .number, in: bytes, from: position + length, limit: range.upperBound)
    words.append(position..<end)
    start = end
    position = end
  }
  if start < position { words.append(start..<position) }
}

/// Cuts `range` at white space, which is dropped, and around each punctuation mark.
private func cutBertWords(
  _ bytes: Span<UInt8>, _ range: Range<Int>, into words: inout [Range<Int>]
) {
  var start = range.lowerBound
  var position = start
  while position < range.upperBound {
    let (traits, length) = ScalarTraits.at(position, in: bytes, limit: range.upperBound)
    let isSpace = traits.intersects(.whiteSpace)
    if isSpace || traits.intersects(.punctuation) || isASCIIPunctuation(bytes[position]) {
      if start < position { words.append(start..<position) }
      if !isSpace { words.append(position..<position + length) }
      start = position + length
    }
    position += length
  }
  if start < position { words.append(start..<position) }
}

/// Cuts `range` into runs of word characters and runs of other characters, dropping white space.
private func cutWordCharacters(
  _ bytes: Span<UInt8>, _ range: Range<Int>, into words: inout [Range<Int>]
) {
  var start = range.lowerBound
  var runIsWord: Bool?
  var position = start
  while position < range.upperBound {
    let (traits, length) = ScalarTraits.at(position, in: bytes, limit: range.upperBound)
    let isJoiner =
      length == 3 && bytes[position] == 0xE2 && bytes[position + 1] == 0x80
      && bytes[position + 2] & 0xFE == 0x8C
    let isWord: Bool? =
      traits.intersects(.word) || isJoiner ? true : traits.intersects(.whiteSpace) ? nil : false
    if isWord != runIsWord {
      if runIsWord != nil { words.append(start..<position) }
      start = position
      runIsWord = isWord
    }
    position += length
  }
  if runIsWord != nil { words.append(start..<position) }
}
