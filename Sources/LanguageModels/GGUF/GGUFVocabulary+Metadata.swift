internal import TensorFiles
internal import Tokenization

extension GGUFVocabulary {
  private static let prefix = "tokenizer.ggml."
  private static var roles: [(name: String, path: WritableKeyPath<NamedTokens, Int32?>)] {
    [
      ("bos_token_id", \.bos), ("eos_token_id", \.eos), ("padding_token_id", \.pad),
      ("unknown_token_id", \.unk), ("cls_token_id", \.cls), ("seperator_token_id", \.sep),
      ("mask_token_id", \.mask),
    ]
  }

  /// The ids of the tokens with a role.
  static func namedTokens(in metadata: GGUFMetadata) -> NamedTokens {
    var names = NamedTokens()
    for (name, path) in roles {
      names[keyPath: path] = metadata[prefix + name]?.integerValue.flatMap { Int32(exactly: $0) }
    }
    return names
  }

  /// The arrays in the metadata of a file; nil where there is no tokenizer.
  init?(_ metadata: GGUFMetadata, file: String) throws(TensorFileError) {
    func value<Value>(
      _ name: String, _ expected: String, _ read: (GGUFValue) -> Value?
    ) throws(TensorFileError) -> Value? {
      guard let found = metadata[Self.prefix + name] else { return nil }
      if let value = read(found) { return value }
      throw TensorFileError(
        .typeMismatch, file: file, field: "key '\(Self.prefix + name)'",
        found: "a value of another type", expected: expected)
    }
    guard let model = try value("model", "a text", \.stringValue),
      let tokens = try value("tokens", "an array of texts", \.byteStrings)
    else { return nil }
    let types = try value("token_type", "an array of integers") { value in
      value.integers?.map { Int32(clamping: $0) }
    }
    self.init(
      model: model,
      preTokenizer: try value("pre", "a text", \.stringValue) ?? "default",
      tokens: tokens, types: types ?? [],
      scores: try value("scores", "an array of numbers") { $0.numbers?.map { Float($0) } } ?? [],
      merges: try value("merges", "an array of texts", \.strings) ?? [],
      addsSpacePrefix: try value("add_space_prefix", "a truth value", \.boolValue) ?? true,
      // Without the key a SentencePiece tokenizer begins texts with the token.
      addsBos: try value("add_bos_token", "a truth value", \.boolValue) ?? (model == "llama"),
      addsEos: try value("add_eos_token", "a truth value", \.boolValue) ?? false,
      namedTokens: Self.namedTokens(in: metadata),
      chatTemplate: metadata["tokenizer.chat_template"]?.stringValue)
  }

  /// Adds the arrays to the metadata of a file.
  func write(to metadata: inout GGUFMetadata) {
    func set(_ name: String, _ value: GGUFValue) { metadata[Self.prefix + name] = value }
    set("model", .string(model))
    set("pre", .string(preTokenizer))
    set("tokens", .array(.texts(tokens)))
    if !scores.isEmpty { set("scores", .array(.float32(scores))) }
    set("token_type", .array(.int32(types.isEmpty ? tokens.map { _ in 1 } : types)))
    if !merges.isEmpty { set("merges", .array(.string(merges))) }
    for (name, path) in Self.roles {
      if let id = namedTokens[keyPath: path], id >= 0 { set(name, .uint32(UInt32(id))) }
    }
    set("add_bos_token", .bool(addsBos))
    set("add_eos_token", .bool(addsEos))
    if model == "llama" { set("add_space_prefix", .bool(addsSpacePrefix)) }
    if let chatTemplate { metadata["tokenizer.chat_template"] = .string(chatTemplate) }
  }
}
