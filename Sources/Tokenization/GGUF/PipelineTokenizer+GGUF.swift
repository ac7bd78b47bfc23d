internal import JSON

extension PipelineTokenizer {
  /// Makes the tokenizer of a GGUF file, whose name `file` errors carry. What `save(to:)` writes is the
  /// `tokenizer.json` or `tokenizer.model` that the arrays came from, as far as they tell, and
  /// `tokenizer_config.json`.
  ///
  /// Throws `TokenizerError`; another model than `gpt2` and `llama` is `.unsupported`.
  public init(_ vocabulary: GGUFVocabulary, file: String) throws(TokenizerError) {
    guard vocabulary.types.isEmpty || vocabulary.types.count == vocabulary.tokens.count else {
      throw TokenizerError(
        .invalidValue,
        "\(file): tokenizer.ggml.token_type: expected \(vocabulary.tokens.count) types, found "
          + "\(vocabulary.types.count)")
    }
    switch vocabulary.model {
    case "gpt2": try self.init(json: vocabulary.json(file: file), file: file)
    case "llama": try self.init(sentencePiece: vocabulary.sentencePiece(file: file), file: file)
    default:
      throw TokenizerError(
        .unsupported,
        "\(file): tokenizer.ggml.model: expected gpt2 or llama, found "
          + quoted(vocabulary.model.utf8))
    }
    var names = vocabulary.namedTokens
    var configuration: JSONObject = [
      "add_bos_token": .boolean(vocabulary.addsBos), "add_eos_token": .boolean(vocabulary.addsEos),
      "clean_up_tokenization_spaces": false, "tokenizer_class": "PreTrainedTokenizerFast",
    ]
    for (name, path) in NamedTokens.roles {
      guard let id = names[keyPath: path] else { continue }
      guard 0 <= id && id < vocabularySize,
        let text = String(validating: tokens[Int(id)], as: UTF8.self)
      else {
        names[keyPath: path] = nil
        continue
      }
      configuration[name] = .string(text)
    }
    if names.unk == nil { names.unk = namedTokens.unk }
    namedTokens = names
    if vocabulary.model == "llama" { surround(bos: vocabulary.addsBos, eos: vocabulary.addsEos) }
    if let template = vocabulary.chatTemplate {
      configuration["chat_template"] = .string(template)
      chatTemplate = ChatTemplate(recognizing: template)
    }
    files.append(
      TokenizerSourceFile(
        name: "tokenizer_config.json",
        bytes: Array((JSONValue.object(configuration).text(.indented) + "\n").utf8)))
  }
}

extension GGUFVocabulary {
  /// How a byte-level tokenizer sees a text before its merges.
  struct Words: Equatable {
    var pattern: WordPattern
    /// Whether digits are cut off first, each on its own.
    var digits: Bool
    /// Whether texts are brought into form NFC.
    var nfc: Bool
    /// Whether a word that is a token becomes it whatever the merges say.
    var ignoresMerges: Bool

    init(
      _ pattern: WordPattern, digits: Bool = false, nfc: Bool = false, ignoresMerges: Bool = false
    ) {
      self.pattern = pattern
      self.digits = digits
      self.nfc = nfc
      self.ignoresMerges = ignoresMerges
    }
  }

  /// What files name these ways, as llama.cpp knows them.
  static let preTokenizers: [String: Words] = [
    "default": Words(.gpt2), "gpt-2": Words(.gpt2),
    "smollm": Words(.gpt2, digits: true), "starcoder": Words(.gpt2, digits: true),
    "llama-bpe": Words(.llama3, ignoresMerges: true),
    "llama3": Words(.llama3, ignoresMerges: true),
    "llama-v3": Words(.llama3, ignoresMerges: true), "smaug-bpe": Words(.llama3),
    "qwen2": Words(.qwen2, nfc: true), "gpt-4o": Words(.gpt4o),
    "tekken": Words(.tekken, ignoresMerges: true),
  ]

  /// The `tokenizer.json` of a byte-level tokenizer.
  fileprivate func json(file: String) throws(TokenizerError) -> [UInt8] {
    guard let words = Self.preTokenizers[preTokenizer] else {
      let known = Self.preTokenizers.keys.sorted().joined(separator: ", ")
      throw TokenizerError(
        .unsupported,
        "\(file): tokenizer.ggml.pre: expected one of \(known), found \(quoted(preTokenizer.utf8))")
    }
    let pattern = words.pattern
    let byteLevel: JSONValue = [
      "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
      "use_regex": .boolean(pattern == .gpt2),
    ]
    var steps: [JSONValue] = []
    if words.digits { steps.append(["type": "Digits", "individual_digits": true]) }
    if pattern != .gpt2 {
      steps.append([
        "type": "Split", "pattern": ["Regex": .string(pattern.spellings[0])],
        "behavior": "Isolated", "invert": false,
      ])
    }
    steps.append(byteLevel)
    var added: [JSONValue] = []
    var vocabulary = JSONObject()
    for (id, token) in tokens.enumerated() where !token.isEmpty {
      guard let text = String(validating: token, as: UTF8.self) else {
        throw TokenizerError(.malformed, "\(file): tokenizer.ggml.tokens[\(id)] is not UTF-8")
      }
      // Where a token is listed twice the first keeps its text.
      if vocabulary[text] == nil { vocabulary[text] = .integer(id) }
      guard type(id) == 3 || type(id) == 4, vocabulary[text] == .integer(id) else { continue }
      added.append([
        "id": .integer(id), "content": .string(text), "single_word": false, "lstrip": false,
        "rstrip": false, "normalized": false, "special": .boolean(type(id) == 3),
      ])
    }
    let value: JSONValue = [
      "version": "1.0", "truncation": nil, "padding": nil, "added_tokens": .array(added),
      "normalizer": words.nfc ? ["type": "NFC"] : nil,
      "pre_tokenizer": ["type": "Sequence", "pretokenizers": .array(steps)],
      "post_processor": postProcessor, "decoder": byteLevel,
      "model": [
        "type": "BPE", "dropout": nil, "unk_token": nil, "continuing_subword_prefix": nil,
        "end_of_word_suffix": nil, "fuse_unk": false, "byte_fallback": false,
        "ignore_merges": .boolean(words.ignoresMerges), "vocab": .object(vocabulary),
        "merges": .array(merges.map { .string($0) }),
      ],
    ]
    return Array(value.text().utf8)
  }

  /// The begin and the end token around every text, where the file wants them.
  private var postProcessor: JSONValue {
    var tokens = JSONObject()
    func part(_ id: Int32?, _ isWanted: Bool, type: Int) -> [JSONValue] {
      guard isWanted, let id, 0 <= id, Int(id) < self.tokens.count else { return [] }
      let text = String(decoding: self.tokens[Int(id)], as: UTF8.self)
      tokens[text] = [
        "id": .string(text), "ids": [.integer(Int(id))], "tokens": [.string(text)],
      ]
      return [["SpecialToken": ["id": .string(text), "type_id": .integer(type)]]]
    }
    func dressed(_ name: String, type: Int) -> [JSONValue] {
      part(namedTokens.bos, addsBos, type: type)
        + [["Sequence": ["id": .string(name), "type_id": .integer(type)]]]
        + part(namedTokens.eos, addsEos, type: type)
    }
    let single = dressed("A", type: 0)
    guard single.count > 1 else { return nil }
    return [
      "type": "TemplateProcessing", "single": .array(single),
      "pair": .array(single + dressed("B", type: 1)), "special_tokens": .object(tokens),
    ]
  }

  /// The `tokenizer.model` of a SentencePiece tokenizer.
  fileprivate func sentencePiece(file: String) throws(TokenizerError) -> [UInt8] {
    guard scores.count == tokens.count else {
      throw TokenizerError(
        .invalidValue,
        "\(file): tokenizer.ggml.scores: expected \(tokens.count) scores, found \(scores.count)")
    }
    var output: [UInt8] = []
    for (id, token) in tokens.enumerated() {
      var piece = ProtobufWriter()
      piece.append(1, token)
      piece.append(2, single: scores[id])
      piece.append(3, UInt64(max(0, type(id))))
      output += ProtobufWriter.field(1, piece.bytes)
    }
    var trainer = ProtobufWriter()
    trainer.append(3, 2)
    trainer.append(35, types.contains(6) ? 1 : 0)
    for (field, id) in [(41, namedTokens.bos), (42, namedTokens.eos), (43, namedTokens.pad)] {
      trainer.append(field, id.map { UInt64(max(0, $0)) } ?? .max)
    }
    var normalizer = ProtobufWriter()
    normalizer.append(3, addsSpacePrefix ? 1 : 0)
    normalizer.append(4, 0)
    normalizer.append(5, 1)
    return output + ProtobufWriter.field(2, trainer.bytes)
      + ProtobufWriter.field(3, normalizer.bytes)
  }
}
