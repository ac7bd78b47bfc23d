internal import JSON
internal import Tensors
public import Tokenization

/// What a language model is trained on, as it is asked for: texts or examples, and what becomes of them.
public struct TrainingData: Sendable, Hashable, Codable {
  /// Paths of texts: files, folders, `-` for the standard input.
  public var texts: [String] = []
  /// Paths of files of examples in JSON Lines, or in an array; `-` for the standard input.
  public var examples: [String] = []
  /// The path of what to measure on, of the same kind; nil to keep a part of the rest for it.
  public var validation: String?
  /// The name of the template that conversations are written by; nil for the model's own.
  public var chatTemplate: String?
  /// What the loss is taken on.
  public var loss = LossScope.completions
  /// How windows are filled; nil for joined texts and separate examples.
  public var packing: Packing?
  /// What the spelling of special tokens becomes; nil for tokens in texts and text in conversations.
  public var specialTokens: SpecialTokenRule?

  /// Nothing yet.
  public init() {}

  /// All paths but that of the validation part.
  private var paths: [String] { texts + examples }

  /// What is read, for messages.
  var name: String {
    (paths.first ?? "") + (paths.count > 1 ? " and \(paths.count - 1) more" : "")
  }

  /// Throws where there is nothing, or too much, to read, or a name that there is not.
  public func check() throws(InputError) {
    guard texts.isEmpty != examples.isEmpty else {
      throw InputError(
        texts.isEmpty
          ? "There is nothing to learn. Give a text with --text, or examples with --data."
          : "--text and --data are two kinds of things to learn. Give one of them.")
    }
    guard (paths + (validation.map { [$0] } ?? [])).count(where: { $0 == "-" }) <= 1 else {
      throw InputError("The standard input can be read once. Give - for one of the files only.")
    }
    _ = try template(of: nil)
  }

  /// The template of the name, else the tokenizer's own; nil where there is neither. Throws where there is none of
  /// the name.
  func template(of tokenizer: (any Tokenizer)?) throws(InputError) -> ChatTemplate? {
    guard let chatTemplate else { return tokenizer?.chatTemplate }
    guard let template = ChatTemplate(named: chatTemplate) else {
      throw InputError(
        "There is no template \(chatTemplate). Give one of \(ChatTemplate.names.joined(separator: ", "))."
      )
    }
    return template
  }

  /// The tokens of all that is to be read.
  ///
  /// Throws an `InputError` with the remedy where a file cannot be read or holds something else, with
  /// the number of the line.
  public func corpus(tokenizer: any Tokenizer) throws -> Corpus {
    try check()
    var corpus = try examples.isEmpty ? textCorpus { _ in tokenizer } : exampleCorpus(tokenizer)
    corpus.data = self
    return corpus
  }

  /// The same by a tokenizer of as many tokens, learnt from the texts; of bytes up to 256. Examples need
  /// the tokenizer of a model, except for bytes.
  public func corpus(vocabulary: Int) throws -> Corpus {
    try check()
    guard examples.isEmpty else {
      guard vocabulary <= 256 else {
        throw InputError(
          "Tokens are learnt from texts, not from examples. Give a trained model with --weights, or "
            + "--vocabulary 256 for bytes.")
      }
      return try corpus(tokenizer: ByteTokenizer())
    }
    var corpus = try textCorpus { try Corpus.tokenizer(of: vocabulary, trainedOn: $0) }
    corpus.data = self
    return corpus
  }

  // MARK: Examples

  private func exampleCorpus(_ tokenizer: any Tokenizer) throws -> Corpus {
    let template = try template(of: tokenizer)
    let encoder = ExampleEncoder(
      tokenizer: tokenizer, template: template, loss: loss, specialTokens: specialTokens)
    var notices: [String] = []
    func stream(_ paths: [String]) throws -> TokenStream {
      var stream = TokenStream(startTokens: tokenizer.startTokens)
      var hasConversation = false
      for path in paths {
        var file = ExampleFile(name: path) { example in
          let encoded = try encoder.encode(example)
          if case .chat = example { hasConversation = true }
          stream.append(encoded, byteCount: tokenizer.decodeBytes(encoded.tokens).count)
        }
        try file.read(path)
      }
      if hasConversation, notices.isEmpty, let end = template?.turnEnd,
        tokenizer.specialTokens[end] == nil
      {
        notices.append(
          "The tokenizer has no token \(end): the marks of the chat template are written as text.")
      }
      return stream
    }
    var training = try stream(examples)
    let measured: TokenStream
    if let validation {
      measured = try stream([validation])
    } else {
      (training, measured) = try training.split(name: name)
    }
    return Corpus(
      name: name, tokenizer: tokenizer, training: training, validation: measured,
      packing: packing ?? .separate, notices: notices)
  }
}

extension TokenStream {
  /// The share of examples kept for validation, and the most.
  private static var validationShare: Double { 0.05 }
  private static var mostValidation: Int { 1_000 }

  /// Its documents in a part to train on and one to measure on, whose documents are spread evenly over
  /// all, since examples often stand in some order.
  fileprivate func split(name: String) throws(InputError) -> (training: Self, validation: Self) {
    let documents = documents
    guard documents.count > 1 else {
      throw InputError(
        "\(name) has a single example, and none is left to measure on. Give more, or others with "
          + "--validation.")
    }
    let wanted = Int((Double(documents.count) * Self.validationShare).rounded())
    let count = min(max(1, wanted), Self.mostValidation)
    // The middle of each of `count` equal parts.
    let kept = Set((0..<count).map { (2 * $0 + 1) * documents.count / (2 * count) })
    var training = TokenStream(startTokens: startTokens)
    var validation = training
    for (index, document) in documents.enumerated() {
      if kept.contains(index) {
        validation.append(document, of: self)
      } else {
        training.append(document, of: self)
      }
    }
    return (training, validation)
  }

  /// Tells streams of other tokens or other marks apart.
  var fingerprint: String {
    let marks = isLearnt.map { FNVHash.value($0.map { $0 ? 1 : 0 }) } ?? 0
    let words = [Int32(truncatingIfNeeded: marks)] + tokens
    return words.withUnsafeBytes { FNVHash.digits($0) }
  }
}
