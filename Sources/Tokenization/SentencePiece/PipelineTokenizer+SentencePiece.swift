extension PipelineTokenizer {
  /// Reads the bytes of a SentencePiece model; `file` names it in errors.
  init(sentencePiece bytes: [UInt8], file: String) throws(TokenizerError) {
    let contents = try SentencePieceFile(bytes, file: file)
    let model: TokenModel
    switch contents.model {
    case .bytePair: model = .bytePair(contents.bytePairModel)
    case .unigram: model = .unigram(contents.unigramModel)
    case .word, .character:
      throw contents.error(
        .unsupported, "a model of words or characters; expected unigram or BPE")
    }
    self.init(
      normalizer: .sentencePiece(contents.normalizer), preTokenizer: nil, model: model,
      decoder: contents.decoder, addedTokens: contents.addedTokens)
    namedTokens = NamedTokens(
      bos: contents.bos.map(Int32.init), eos: contents.eos.map(Int32.init),
      pad: contents.pad.map(Int32.init), unk: contents.unknownID)
    files = [TokenizerSourceFile(name: "tokenizer.model", bytes: bytes)]
    surround(bos: contents.model == .bytePair, eos: false)
  }

  /// Makes the post-processor add the begin or end token around every text.
  mutating func surround(bos: Bool, eos: Bool) {
    func marker(_ id: Int32?, _ isWanted: Bool) -> [PostProcessor.Part] {
      guard isWanted, let id else { return [] }
      return [.tokens([id], type: 0)]
    }
    let single =
      marker(namedTokens.bos, bos) + [.text(isSecond: false, type: 0)]
      + marker(namedTokens.eos, eos)
    let second =
      marker(namedTokens.bos, bos) + [.text(isSecond: true, type: 1)]
      + marker(namedTokens.eos, eos)
    postProcessor = PostProcessor(single: single, pair: single + second)
  }
}

extension SentencePieceFile {
  fileprivate var vocabulary: Vocabulary {
    var tokens = ByteStrings()
    for piece in pieces { tokens.append(piece.text) }
    return Vocabulary(tokens: tokens)
  }

  fileprivate var unknownID: Int32? {
    pieces.firstIndex { $0.kind == .unknown }.map(Int32.init)
  }

  private var fixedIDs: [Int32] {
    pieces.indices.filter { pieces[$0].kind == .userDefined }.map(Int32.init)
  }

  private func byteIDs(_ vocabulary: Vocabulary) -> [Int32]? {
    fallsBackToBytes ? vocabulary.byteFallback() : nil
  }

  fileprivate var addedTokens: [AddedToken] {
    pieces.indices.compactMap { index in
      let piece = pieces[index]
      guard piece.kind == .control || piece.kind == .unknown,
        let content = String(validating: piece.text, as: UTF8.self)
      else { return nil }
      return AddedToken(id: Int32(index), content: content, isSpecial: true)
    }
  }

  fileprivate var normalizer: SentencePieceNormalizer {
    var fixed = ByteTrie()
    for id in fixedIDs { fixed.insert(pieces[Int(id)].text, value: id) }
    return SentencePieceNormalizer(
      map: characterMap, addsPrefix: addsPrefix, removesExtraSpaces: removesExtraSpaces,
      escapesSpaces: escapesSpaces, suffixesSpace: suffixesSpace, fixed: fixed, fixedIDs: fixedIDs)
  }

  fileprivate var decoder: TokenDecoder {
    let space = [UInt8(ascii: " ")]
    var steps: [TokenDecoder] = [
      .byteFallback, .replace(.literal(Metaspace.mark), by: space), .fuse,
    ]
    if addsPrefix {
      steps.append(.strip(space, start: suffixesSpace ? 0 : 1, stop: suffixesSpace ? 1 : 0))
    }
    return .sequence(steps)
  }

  /// The model in which any two pieces that join to a piece can be merged, highest score first.
  fileprivate var bytePairModel: BytePairModel {
    let vocabulary = vocabulary
    let span = vocabulary.tokens.bytes.span
    let order = pieces.indices.filter { pieces[$0].kind == .normal }
      .sorted { (-pieces[$0].score, $0) < (-pieces[$1].score, $1) }
    var merges: [BytePairModel.Merge] = []
    func part(_ range: Range<Int>) -> Int32? {
      guard let id = vocabulary.id(of: span, range), pieces[Int(id)].kind == .normal else {
        return nil
      }
      return id
    }
    for (rank, index) in order.enumerated() {
      let range = vocabulary.tokens.range(index)
      for cut in range.dropFirst() where span[cut] & 0xC0 != 0x80 {
        guard let left = part(range.lowerBound..<cut), let right = part(cut..<range.upperBound)
        else { continue }
        merges.append(
          BytePairModel.Merge(left: left, right: right, result: Int32(index), rank: Int32(rank)))
      }
    }
    var units = CharacterUnits(byteIDs: byteIDs(vocabulary), fusesUnknown: true)
    units.fix(fixedIDs, of: vocabulary)
    return BytePairModel(
      vocabulary: vocabulary, units: .characters(units), merges: merges, unknownID: unknownID)
  }

  fileprivate var unigramModel: UnigramModel {
    let vocabulary = vocabulary
    let normal = pieces.filter { $0.kind == .normal }.map(\.score)
    let highest = normal.max() ?? 0
    let scores = pieces.map { piece -> Double in
      // A user-defined piece scores higher than any other segmentation of its text.
      piece.kind == .userDefined
        ? Double(Float(Double(Float(piece.text.count) * highest) - 0.1)) : Double(piece.score)
    }
    return UnigramModel(
      vocabulary: vocabulary, scores: scores, unknownID: unknownID, byteIDs: byteIDs(vocabulary),
      isSinglePrecision: true, lowestScore: normal.min().map(Double.init)
    ) { [.normal, .userDefined].contains(pieces[$0].kind) }
  }
}
