/// How tokens become text again: each step takes the row of tokens and gives another.
indirect enum TokenDecoder: Equatable, Sendable {
  /// Out of the byte alphabet.
  case byteLevel
  /// Words are joined by spaces, continuations without.
  case wordPiece(continuation: [UInt8], cleansUp: Bool)
  /// Marks become spaces; those of the first token go where one was put there.
  case metaspace(Metaspace)
  /// A suffix ends a word.
  case bytePair(suffix: [UInt8])
  /// `<0x0A>` becomes its byte.
  case byteFallback
  /// All tokens become one.
  case fuse
  /// At most so many of a character go from the start and the end of each token.
  case strip([UInt8], start: Int, stop: Int)
  case replace(TextPattern, by: [UInt8])
  case sequence([TokenDecoder])

  func apply(to tokens: [[UInt8]]) -> [[UInt8]] {
    switch self {
    case .byteLevel:
      return tokens.map { ByteAlphabet.bytes(spelled: $0.span, in: 0..<$0.count) ?? $0 }
    case .wordPiece(let continuation, let cleansUp):
      return tokens.enumerated().map { index, token in
        var token = token
        if index > 0 {
          token =
            token.starts(with: continuation) && !continuation.isEmpty
            ? Array(token.dropFirst(continuation.count)) : [UInt8(ascii: " ")] + token
        }
        return cleansUp ? cleanedUp(token) : token
      }
    case .metaspace(let metaspace):
      let mark = TextPattern.literal(metaspace.mark)
      return tokens.enumerated().map { index, token in
        let isPrefix = index == 0 && metaspace.scheme != .never
        return mark.replacing(token, by: isPrefix ? [] : [UInt8(ascii: " ")])
      }
    case .bytePair(let suffix):
      return tokens.enumerated().map { index, token in
        TextPattern.literal(suffix)
          .replacing(token, by: index == tokens.count - 1 ? [] : [UInt8(ascii: " ")])
      }
    case .byteFallback:
      return tokens.map { token in Vocabulary.byte(spelledBy: token).map { [$0] } ?? token }
    case .fuse:
      return [Array(tokens.joined())]
    case .strip(let content, let start, let stop):
      return tokens.map { strip($0, of: content, start: start, stop: stop) }
    case .replace(let pattern, let replacement):
      return tokens.map { pattern.replacing($0, by: replacement) }
    case .sequence(let parts):
      return parts.reduce(tokens) { $1.apply(to: $0) }
    }
  }

  private func strip(_ token: [UInt8], of content: [UInt8], start: Int, stop: Int) -> [UInt8] {
    guard !content.isEmpty else { return token }
    var rest = token[...]
    var left = start
    while left > 0, rest.starts(with: content) {
      rest = rest.dropFirst(content.count)
      left -= 1
    }
    left = stop
    while left > 0, rest.reversed().starts(with: content.reversed()) {
      rest = rest.dropLast(content.count)
      left -= 1
    }
    return Array(rest)
  }

  /// Without the spaces that cutting English put before punctuation and contractions.
  private func cleanedUp(_ token: [UInt8]) -> [UInt8] {
    let replacements = [
      (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
      (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ]
    return replacements.reduce(token) { text, pair in
      TextPattern.literal(Array(pair.0.utf8)).replacing(text, by: Array(pair.1.utf8))
    }
  }
}
