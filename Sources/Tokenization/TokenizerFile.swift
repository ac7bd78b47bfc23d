internal import JSON

/// The fields of a `tokenizer.json` that this module uses, checked one by one but not yet against
/// each other.
struct TokenizerFile {
  /// The tokens of the model's vocabulary as the file spells them, in the order of the file.
  private(set) var spellings = ByteStrings()
  /// The id of each of `spellings`.
  private(set) var ids: [Int32] = []
  /// Two a merge.
  private(set) var mergeParts = ByteStrings()
  private(set) var unknownToken: [UInt8]?
  private(set) var fusesUnknown = false
  private(set) var ignoresMerges = false
  private(set) var addedTokens: [BytePairTokenizer.AddedToken] = []
  private(set) var preTokenization = PreTokenization.gpt2

  init(_ reader: inout TokenizerReader) throws(TokenizerError) {
    var preTokenizer: Component?
    var decoder: Component?
    var model: Component?
    try reader.object([
      "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model",
    ]) { (reader, field) throws(TokenizerError) in
      if try reader.takeNull() { return }
      switch field {
      case "added_tokens":
        try readAddedTokens(&reader)
      case "model":
        model = try readModel(&reader)
      case "pre_tokenizer":
        preTokenizer = try Component(&reader)
      case "decoder":
        decoder = try Component(&reader)
      case "normalizer":
        throw reader.error(
          .unsupported, "expected null, found the type \(try Component(&reader).quotedType)")
      default:
        let component = try Component(&reader)
        guard component.type == "ByteLevel" else {
          throw reader.error(
            .unsupported,
            "expected null or the type \"ByteLevel\", found \(component.quotedType)")
        }
      }
    }
    try reader.end()
    guard model != nil else { throw reader.error(.missingField, "missing", field: "model") }
    preTokenization = try Self.preTokenization(of: preTokenizer, reader)
    guard let decoder, decoder.type == "ByteLevel" else {
      throw reader.error(
        .unsupported,
        "expected the type \"ByteLevel\", found \(decoder?.quotedType ?? "none")",
        field: "decoder")
    }
  }

  // MARK: Model

  private mutating func readModel(_ reader: inout TokenizerReader) throws(TokenizerError)
    -> Component
  {
    var model = Component()
    var hasMerges = false
    try reader.object([
      "type", "vocab", "merges", "unk_token", "dropout", "continuing_subword_prefix",
      "end_of_word_suffix", "fuse_unk", "byte_fallback", "ignore_merges",
    ]) { (reader, field) throws(TokenizerError) in
      switch field {
      case "type":
        model.type = try reader.string()
        // Said at once, since the fields of another model differ.
        try Self.requireBPE(model, reader)
      case "vocab":
        try readVocabulary(&reader)
      case "merges":
        hasMerges = true
        try readMerges(&reader)
      case "unk_token":
        unknownToken = try reader.takeNull() ? nil : Array(try reader.string().utf8)
      case "dropout":
        guard try reader.takeNull() else { throw reader.error(.unsupported, "expected null") }
      case "continuing_subword_prefix", "end_of_word_suffix":
        let isAbsent = try reader.takeNull() ? true : try reader.string().isEmpty
        guard isAbsent else {
          throw reader.error(.unsupported, "expected null or an empty string")
        }
      case "byte_fallback":
        guard try !reader.boolean() else {
          throw reader.error(
            .unsupported, "expected false, found true: a SentencePiece-style vocabulary")
        }
      case "fuse_unk":
        fusesUnknown = try reader.boolean()
      default:
        ignoresMerges = try reader.boolean()
      }
    }
    guard !model.type.isEmpty else {
      throw reader.error(.missingField, "missing, expected \"BPE\"", field: "type")
    }
    guard spellings.count > 0 else {
      throw reader.error(.missingField, "missing or empty", field: "vocab")
    }
    guard hasMerges else { throw reader.error(.missingField, "missing", field: "merges") }
    return model
  }

  private static func requireBPE(
    _ model: Component, _ reader: TokenizerReader
  ) throws(TokenizerError) {
    guard model.type == "BPE" else {
      throw reader.error(.unsupported, "expected \"BPE\", found \(model.quotedType)")
    }
  }

  private mutating func readVocabulary(_ reader: inout TokenizerReader) throws(TokenizerError) {
    let highestID = BytePairTokenizer.maximumVocabularySize - 1
    // Ids may repeat in a hostile file, so they do not bound the count.
    try reader.entries { (reader, token) throws(TokenizerError) in
      guard spellings.count <= highestID else {
        throw reader.error(.invalidValue, "more than \(highestID + 1) tokens")
      }
      guard !token.isEmpty else { throw reader.error(.invalidValue, "a token is empty") }
      spellings.append(Array(token.utf8))
      ids.append(Int32(try reader.integer(in: 0...highestID)))
    }
  }

  private mutating func readMerges(_ reader: inout TokenizerReader) throws(TokenizerError) {
    try reader.array { (reader, index) throws(TokenizerError) in
      guard index < BytePairTokenizer.maximumVocabularySize else {
        throw reader.error(
          .invalidValue, "more than \(BytePairTokenizer.maximumVocabularySize) merges")
      }
      let expected = "expected two tokens, as \"a b\" or [\"a\", \"b\"]"
      var parts: [[UInt8]] = []
      if try reader.nextKind() == .string {
        parts = try reader.string().utf8
          .split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map { Array($0) }
      } else {
        try reader.array { (reader, index) throws(TokenizerError) in
          guard index < 2 else { throw reader.error(.invalidValue, expected) }
          parts.append(Array(try reader.string().utf8))
        }
      }
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw reader.error(.invalidValue, expected)
      }
      for part in parts { mergeParts.append(part) }
    }
  }

  // MARK: Added tokens

  private mutating func readAddedTokens(_ reader: inout TokenizerReader) throws(TokenizerError) {
    try reader.array { (reader, index) throws(TokenizerError) in
      guard index < BytePairTokenizer.maximumVocabularySize else {
        throw reader.error(
          .invalidValue, "more than \(BytePairTokenizer.maximumVocabularySize) tokens")
      }
      var id: Int?
      var content = ""
      var isSpecial = false
      try reader.object(["id", "content", "special", "single_word", "lstrip", "rstrip"]) {
        (reader, field) throws(TokenizerError) in
        switch field {
        case "id":
          id = try reader.integer(in: 0...BytePairTokenizer.maximumVocabularySize - 1)
        case "content":
          content = try reader.string()
        case "special":
          isSpecial = try reader.boolean()
        default:
          guard try !reader.boolean() else {
            throw reader.error(.unsupported, "expected false, found true")
          }
        }
      }
      guard let id else { throw reader.error(.missingField, "missing", field: "id") }
      guard !content.isEmpty else {
        throw reader.error(.missingField, "missing or empty", field: "content")
      }
      addedTokens.append(
        .init(id: Int32(id), content: content, isSpecial: isSpecial))
    }
  }

  // MARK: Pre-tokenizer

  private static func preTokenization(
    of component: Component?, _ reader: TokenizerReader
  ) throws(TokenizerError) -> PreTokenization {
    func unsupported(_ message: String) -> TokenizerError {
      reader.error(.unsupported, message, field: "pre_tokenizer")
    }
    func requireGPT2(_ component: Component) throws(TokenizerError) {
      guard component.options["add_prefix_space"] == false else {
        throw unsupported("add_prefix_space: expected false")
      }
      guard component.options["use_regex"] != false else {
        throw unsupported("use_regex: expected true, found false")
      }
    }
    guard let component else {
      throw unsupported("expected the type \"ByteLevel\" or \"Sequence\", found none")
    }
    switch component.type {
    case "ByteLevel":
      try requireGPT2(component)
      return .gpt2
    case "Sequence":
      let parts = component.parts
      guard parts.map(\.type) == ["Digits", "ByteLevel"],
        parts[0].options["individual_digits"] == true
      else {
        throw unsupported(
          """
          expected a sequence of \"Digits\" with individual_digits and \"ByteLevel\", found \
          \(parts.prefix(8).map(\.quotedType).joined(separator: ", "))
          """)
      }
      try requireGPT2(parts[1])
      return .gpt2WithSingleDigits
    default:
      throw unsupported(
        "expected the type \"ByteLevel\" or \"Sequence\", found \(component.quotedType)")
    }
  }
}

/// A normalizer, pre-tokenizer, post-processor or decoder: its type, its true-or-false options,
/// and the parts of a sequence.
private struct Component {
  var type = ""
  var options: [String: Bool] = [:]
  var parts: [Component] = []

  var quotedType: String { quoted(type.utf8) }

  init() {}

  init(_ reader: inout TokenizerReader) throws(TokenizerError) {
    try self.init(&reader, nested: false)
  }

  private init(_ reader: inout TokenizerReader, nested: Bool) throws(TokenizerError) {
    try reader.object([
      "type", "add_prefix_space", "use_regex", "individual_digits", "pretokenizers",
    ]) { (reader, field) throws(TokenizerError) in
      switch field {
      case "type":
        type = try reader.string()
      case "pretokenizers":
        try reader.array { (reader, index) throws(TokenizerError) in
          guard !nested, index < 64 else {
            throw reader.error(.unsupported, "expected a plain sequence of at most 64 parts")
          }
          parts.append(try Component(&reader, nested: true))
        }
      default:
        options[field] = try reader.boolean()
      }
    }
    guard !type.isEmpty else { throw reader.error(.missingField, "missing", field: "type") }
  }
}
