/// How text is cut into words before byte pairs are merged; no token crosses a cut.
public enum PreTokenization: Sendable {
  /// GPT-2's words: the English contractions `'s 't 're 've 'm 'll 'd`; a run of letters, of numbers, or
  /// of other characters, each with at most one leading space; a run of white space, without its last
  /// character if a word follows.
  case gpt2
  /// Every numeric character is a separate word, and the text in between is cut as in GPT-2.
  case gpt2WithSingleDigits
}

extension PreTokenization {
  /// Calls `body` with the range of each word of `range`, in order; the words cover the range.
  func forEachWord(
    in bytes: Span<UInt8>, _ range: Range<Int>, _ body: (Range<Int>) -> Void
  ) {
    var pieces = [range]
    if self == .gpt2WithSingleDigits {
      pieces = []
      cutDigits(bytes, range, individually: true, into: &pieces)
    }
    var words: [Range<Int>] = []
    for piece in pieces {
      words.removeAll(keepingCapacity: true)
      WordPattern.gpt2.cut(bytes, piece, into: &words)
      for word in words { body(word) }
    }
  }

  /// The equivalent pre-tokenizer.
  var preTokenizer: PreTokenizer {
    let byteLevel = PreTokenizer.byteLevel(addsPrefixSpace: false, cutsWords: true)
    return self == .gpt2 ? byteLevel : .sequence([.digits(individually: true), byteLevel])
  }

  /// The case equivalent to a pre-tokenizer, or nil if there is none.
  init?(_ preTokenizer: PreTokenizer?) {
    let known = [Self.gpt2, .gpt2WithSingleDigits].first { $0.preTokenizer == preTokenizer }
    guard let known else { return nil }
    self = known
  }
}
