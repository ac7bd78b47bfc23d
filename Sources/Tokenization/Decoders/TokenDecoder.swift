/// How tokens are decoded to text: each step maps a list of tokens to another.
indirect enum TokenDecoder: Equatable, Sendable {
  /// Decodes the byte alphabet.
  case byteLevel
  /// Joins words with spaces, and continuations without.
  case wordPiece(continuation: [UInt8], cleansUp: Bool)
  /// Replaces marks with spaces, but removes those of the first token if one was added there.
  case metaspace(Metaspace)
  /// Ends words at a suffix.
  case bytePair(suffix: [UInt8])
  /// Replaces tokens like `<0x0A>` with their bytes.
  case byteFallback
  /// Joins all tokens into one.
  case fuse
  /// Removes up to `start` and `stop` occurrences of a character from the start and end of each token.
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

  /// Removes the spaces before English punctuation and contractions.
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
