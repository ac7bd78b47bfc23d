internal import JSON

extension PipelineTokenizer {
  /// Reads the bytes of a `tokenizer.json`; `file` names it in errors.
  init(json: [UInt8], file: String) throws(TokenizerError) {
    var reader = TokenizerReader(json, file: file)
    try self.init(try TokenizerFile(&reader))
    files = [TokenizerSourceFile(name: "tokenizer.json", bytes: json)]
  }

  private init(_ contents: TokenizerFile) throws(TokenizerError) {
    let normalizer = try contents.component("normalizer").map {
      (field) throws(TokenizerError) in try Normalizer(field)
    }
    let preTokenizer = try contents.component("pre_tokenizer").map {
      (field) throws(TokenizerError) in try PreTokenizer(field)
    }
    let decoder = try contents.component("decoder").map {
      (field) throws(TokenizerError) in try TokenDecoder(field)
    }
    let postProcessor = try contents.component("post_processor").flatMap {
      (field) throws(TokenizerError) in try PostProcessor.read(field)
    }
    let model = try TokenModel(
      contents,
      asBytes: contents.seesBytes(preTokenizer, decoder))
    self.init(
      normalizer: normalizer, preTokenizer: preTokenizer, model: model,
      postProcessor: postProcessor, decoder: decoder, addedTokens: contents.addedTokens)
    if let postProcessor, postProcessor.highestID >= vocabularySize {
      throw contents.error(
        .invalidValue, "post_processor",
        "the id \(postProcessor.highestID) is not in the vocabulary")
    }
  }
}

extension TokenizerFile {
  /// Whether the byte alphabet is used only between the last pre-tokenizer and the decoder, so that the
  /// model can work on bytes instead.
  fileprivate func seesBytes(_ preTokenizer: PreTokenizer?, _ decoder: TokenDecoder?) -> Bool {
    guard model.kind == .bytePair, !model.fallsBackToBytes, model.prefix?.isEmpty ?? true,
      model.suffix.isEmpty, decoder?.isByteLevel ?? false,
      case .byteLevel? = preTokenizer?.steps.last
    else { return false }
    let others = preTokenizer?.steps.dropLast() ?? []
    return !others.contains { if case .byteLevel = $0 { true } else { false } }
  }
}
