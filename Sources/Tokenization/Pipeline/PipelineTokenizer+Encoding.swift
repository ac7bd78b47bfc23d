extension PipelineTokenizer {
  /// Whether a text may be encoded in parts, cut at line ends: the known word patterns cut there too, unless
  /// an added token can span a line end.
  public var encodesLinesApart: Bool {
    guard keepsBytes, normalizer == nil || normalizer == .form(.nfc) else { return false }
    var cutsWords = false
    for step in preTokenizer?.steps ?? [] {
      switch step {
      case .split(.words, .isolated, _), .byteLevel(addsPrefixSpace: false, cutsWords: true):
        cutsWords = true
      case .digits, .byteLevel(addsPrefixSpace: false, cutsWords: false): break
      default: return false
      }
    }
    return cutsWords
      && addedTokens.tokens.allSatisfy {
        !$0.stripsLeft && !$0.stripsRight && !$0.content.utf8.contains(0x0A)
      }
  }

  /// The ids of `bytes`, which need not be valid UTF-8. Spellings of special tokens count as text, and no
  /// tokens are added.
  public func encode(bytes: [UInt8]) -> [Int32] {
    encode(bytes: bytes, recognizingSpecialTokens: false)
  }

  /// The ids of `bytes`; with `recognizingSpecialTokens`, spellings of special tokens become these tokens.
  /// For text whose author is trusted, such as training data.
  public func encode(bytes: [UInt8], recognizingSpecialTokens: Bool) -> [Int32] {
    encode(bytes: bytes, recognizing: recognizingSpecialTokens ? .everywhere : .nowhere)
  }

  func encode(bytes: [UInt8], recognizing: SpecialTokenRecognition) -> [Int32] {
    var pieces = pieces(of: bytes, recognizing)
    if let preTokenizer { preTokenizer.apply(to: &pieces, keepsBytes: keepsBytes) }
    if case .bytePair(let model) = model, let cuts = model.cuts, !model.ignoresMerges {
      pieces.cut { cuts.cut($0, $1, into: &$2) }
    }
    var encoder = WordEncoder(model, byteCount: pieces.bytes.count)
    let span = pieces.bytes.span
    for piece in pieces.pieces {
      if piece.id >= 0 { encoder.append(piece.id) } else { encoder.encode(span, piece.range) }
    }
    return encoder.output
  }

  /// The ids of a text with the tokens that the model expects around it. Spellings of special tokens count
  /// as text unless recognised.
  public func encodeForModel(
    _ text: String, recognizingSpecialTokens: Bool = false
  ) -> EncodedText {
    dressed(
      encode(bytes: Array(text.utf8), recognizingSpecialTokens: recognizingSpecialTokens), nil)
  }

  /// The ids of a pair of texts with the tokens that the model expects around them.
  public func encodeForModel(
    _ first: String, _ second: String, recognizingSpecialTokens: Bool = false
  ) -> EncodedText {
    let ids = [first, second].map {
      encode(bytes: Array($0.utf8), recognizingSpecialTokens: recognizingSpecialTokens)
    }
    return dressed(ids[0], ids[1])
  }

  /// The ids of one or two encoded texts, with the tokens that the model expects around them.
  public func encodeForModel(_ first: [Int32], _ second: [Int32]? = nil) -> EncodedText {
    dressed(first, second)
  }

  /// The tokens that the model expects in front of a text, such as a begin marker.
  public var startTokens: [Int32] {
    // A stand-in for the text, which no token has for its id.
    Array(dressed([-1], nil).ids.prefix { $0 != -1 })
  }

  private func dressed(_ first: [Int32], _ second: [Int32]?) -> EncodedText {
    if let postProcessor { return postProcessor.apply(to: first, second) }
    var result = EncodedText()
    result.append(first, type: 0)
    if let second { result.append(second, type: 1) }
    return result
  }

  /// Normalises the text and finds the added tokens in it.
  private func pieces(of bytes: [UInt8], _ recognizing: SpecialTokenRecognition) -> Pieces {
    var found = addedTokens.pieces(
      of: bytes, 0..<bytes.count, isNormalized: false, recognizing: recognizing)
    if let first = found.first, first.id < 0 { found[0].isFirst = true }
    var pieces = Pieces(bytes, found)
    if let normalizer {
      pieces.rewrite { bytes, piece, output in
        output += normalizer.normalized(Array(bytes[piece.range]), isFirst: piece.isFirst)
      }
    }
    guard addedTokens.hasNormalized else { return pieces }
    let parts = pieces.pieces.flatMap { piece -> [Pieces.Piece] in
      guard piece.id < 0 else { return [piece] }
      var parts = addedTokens.pieces(
        of: pieces.bytes, piece.range, isNormalized: true, recognizing: recognizing.normalized)
      if piece.isFirst, let first = parts.first, first.id < 0 { parts[0].isFirst = true }
      return parts
    }
    return Pieces(pieces.bytes, parts)
  }
}
