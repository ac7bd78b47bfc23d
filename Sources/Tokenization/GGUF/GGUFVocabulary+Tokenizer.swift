internal import JSON

extension GGUFVocabulary {
  /// The arrays by which a GGUF file holds a tokenizer.
  ///
  /// Throws a `TokenizerError` with the code `.unsupported` where GGUF has none of this kind: its tokens are
  /// made by a model or from words that have no name there.
  public init(of tokenizer: any Tokenizer) throws(TokenizerError) {
    switch tokenizer {
    case let tokenizer as PipelineTokenizer: try self.init(of: tokenizer)
    case let tokenizer as BytePairTokenizer: try self.init(of: tokenizer.pipeline)
    case is ByteTokenizer:
      self.init(
        model: "gpt2", preTokenizer: "gpt-2",
        tokens: (UInt8.min...UInt8.max).map { ByteAlphabet.spelling(of: [$0]) })
    default: throw Self.unsupported("a tokenizer of a kind of its own")
    }
  }

  private init(of tokenizer: PipelineTokenizer) throws(TokenizerError) {
    guard case .bytePair(let model) = tokenizer.model else {
      throw Self.unsupported("tokens that are not made by byte pairs")
    }
    if tokenizer.keepsBytes {
      try self.init(bytes: model, of: tokenizer)
    } else {
      try self.init(characters: model, of: tokenizer)
    }
    for id in tokens.indices where tokens[id].isEmpty { leaveOut(id) }
    let names = tokenizer.namedTokens
    namedTokens = names
    if let single = tokenizer.postProcessor?.single {
      addsBos = single.first.map { Self.holds($0, names.bos ?? names.cls) } ?? false
      addsEos = single.last.map { Self.holds($0, names.eos ?? names.sep) } ?? false
    } else {
      (addsBos, addsEos) = (false, false)
    }
    chatTemplate = try tokenizer.templateText
  }

  /// Makes as many tokens as a model has rows for, the new ones unused. Throws a `TokenizerError` where there
  /// are more.
  public mutating func pad(to count: Int) throws(TokenizerError) {
    guard tokens.count <= count else {
      throw TokenizerError(
        .invalidValue, "the tokenizer has \(tokens.count) tokens and the model \(count)")
    }
    for id in tokens.count..<count {
      tokens.append([])
      if !types.isEmpty { types.append(1) }
      if !scores.isEmpty { scores.append(0) }
      leaveOut(id)
    }
  }

  /// Gives an id without a token the name of one that is not used.
  private mutating func leaveOut(_ id: Int) {
    tokens[id] = Array("[PAD\(id)]".utf8)
    if types.isEmpty { types = [Int32](repeating: 1, count: tokens.count) }
    types[id] = 5
  }

  private static func holds(_ part: PostProcessor.Part, _ id: Int32?) -> Bool {
    guard case .tokens(let ids, _) = part, let id else { return false }
    return ids.contains(id)
  }

  private static func unsupported(_ found: String) -> TokenizerError {
    TokenizerError(
      .unsupported,
      "GGUF has no name for this tokenizer: \(found). Write a Hugging Face folder instead")
  }

  // MARK: Byte-level

  private init(bytes model: BytePairModel, of tokenizer: PipelineTokenizer) throws(TokenizerError) {
    guard let name = Self.name(of: tokenizer, ignoresMerges: model.ignoresMerges) else {
      throw Self.unsupported("words that are cut in a way of its own")
    }
    let ids = 0..<tokenizer.vocabularySize
    var tokens = ids.map { ByteAlphabet.spelling(of: tokenizer.tokens[$0]) }
    let merges = model.merges.sorted { $0.rank < $1.rank }.map { merge in
      [merge.left, merge.right].map { String(decoding: tokens[Int($0)], as: UTF8.self) }
        .joined(separator: " ")
    }
    var types = [Int32](repeating: 1, count: tokens.count)
    for added in tokenizer.addedTokens.tokens {
      tokens[Int(added.id)] = Array(added.content.utf8)
      types[Int(added.id)] = added.isSpecial ? 3 : 4
    }
    self.init(model: "gpt2", preTokenizer: name, tokens: tokens, types: types, merges: merges)
  }

  /// The name of a way of cutting words, the usual one of several.
  private static func name(of tokenizer: PipelineTokenizer, ignoresMerges: Bool) -> String? {
    let pattern: WordPattern?
    var digits = false
    var steps = tokenizer.preTokenizer?.steps ?? []
    if case .digits(individually: true)? = steps.first {
      digits = true
      steps.removeFirst()
    }
    switch (steps.first, steps.count) {
    case (.byteLevel(addsPrefixSpace: false, cutsWords: true)?, 1): pattern = .gpt2
    case (.split(.words(let words), .isolated, _)?, 2):
      guard case .byteLevel(addsPrefixSpace: false, cutsWords: false) = steps[1] else { return nil }
      pattern = words
    default: pattern = nil
    }
    guard let pattern else { return nil }
    let nfc = tokenizer.normalizer == .form(.nfc)
    guard nfc || tokenizer.normalizer == nil else { return nil }
    return usualNames.first { name in
      guard let way = preTokenizers[name] else { return false }
      return way == Words(pattern, digits: digits, nfc: nfc, ignoresMerges: ignoresMerges)
    }
  }

  private static let usualNames = [
    "gpt-2", "smollm", "llama-bpe", "smaug-bpe", "qwen2", "gpt-4o", "tekken",
  ]

  // MARK: SentencePiece

  private init(characters model: BytePairModel, of tokenizer: PipelineTokenizer)
    throws(TokenizerError)
  {
    if let file = tokenizer.files.first(where: { $0.name.hasSuffix(".model") }) {
      let contents = try SentencePieceFile(file.bytes, file: file.name)
      self.init(
        model: "llama", tokens: contents.pieces.map(\.text),
        types: contents.pieces.map { Int32($0.kind.rawValue) },
        scores: contents.pieces.map(\.score), addsSpacePrefix: contents.addsPrefix)
      return
    }
    guard case .characters(let units) = model.units, units.prefix.isEmpty, units.suffix.isEmpty,
      let prefix = tokenizer.spacePrefix
    else { throw Self.unsupported("characters that are not those of SentencePiece") }
    let tokens = (0..<tokenizer.vocabularySize).map { Array(tokenizer.tokens[$0]) }
    // The earlier a merge, the better the token that it makes.
    var scores = [Float](repeating: -Float(model.merges.count + 1), count: tokens.count)
    for merge in model.merges.reversed() { scores[Int(merge.result)] = -Float(merge.rank) }
    var types = [Int32](repeating: 1, count: tokens.count)
    for id in units.byteIDs ?? [] { types[Int(id)] = 6 }
    for added in tokenizer.addedTokens.tokens { types[Int(added.id)] = added.isSpecial ? 3 : 4 }
    if let unknown = model.unknownID { types[Int(unknown)] = 2 }
    try Self.checkMerges(model, tokens: tokens, types: types)
    self.init(
      model: "llama", tokens: tokens, types: types, scores: scores, addsSpacePrefix: prefix)
  }
}

extension GGUFVocabulary {
  /// Refuses tokens that SentencePiece's rule makes of two others, where the merges do not: its ids would be
  /// others without a word.
  private static func checkMerges(
    _ model: BytePairModel, tokens: [[UInt8]], types: [Int32]
  ) throws(TokenizerError) {
    let made = Set(model.merges.map(\.result))
    let known = Set(tokens)
    for (id, token) in tokens.enumerated() where types[id] == 1 && !made.contains(Int32(id)) {
      let isMakeable = token.indices.dropFirst().contains { cut in
        known.contains(Array(token[..<cut])) && known.contains(Array(token[cut...]))
      }
      if isMakeable { throw unsupported("the token \(quoted(token)), which no merge makes") }
    }
  }
}

extension PipelineTokenizer {
  /// Whether SentencePiece's mark goes before a text; nil where spaces do not become marks.
  fileprivate var spacePrefix: Bool? {
    var (prefix, marks) = (false, false)
    func visit(_ normalizer: Normalizer?) {
      switch normalizer {
      case .sequence(let parts)?: parts.forEach { visit($0) }
      case .prepend(Metaspace.mark)?: prefix = true
      case .replace(.literal([UInt8(ascii: " ")]), by: Metaspace.mark)?: marks = true
      default: break
      }
    }
    visit(normalizer)
    for case .metaspace(let metaspace, _) in preTokenizer?.steps ?? [] {
      marks = true
      prefix = metaspace.scheme != .never
    }
    return marks ? prefix : nil
  }

  /// The chat template as the tokenizer's files have it; nil where they have none.
  public var templateText: String? {
    get throws(TokenizerError) {
      if let file = files.first(where: { $0.name == "chat_template.jinja" }) {
        return String(decoding: file.bytes, as: UTF8.self)
      }
      for file in files where file.name == "tokenizer_config.json" {
        var reader = TokenizerReader(file.bytes, file: file.name)
        let value = try JSONValue(from: &reader)
        return try Self.template(FileField(value, path: "", file: file.name))
      }
      return nil
    }
  }
}
