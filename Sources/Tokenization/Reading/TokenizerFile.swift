internal import JSON

/// The fields of a `tokenizer.json`, each checked, but not yet against each other.
struct TokenizerFile {
  let file: String
  private(set) var model = ModelFields()
  private(set) var addedTokens: [AddedToken] = []
  private var components: [String: JSONValue] = [:]

  init(_ reader: inout TokenizerReader) throws(TokenizerError) {
    file = reader.file
    var hasModel = false
    try reader.object([
      "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model",
    ]) { (reader, field) throws(TokenizerError) in
      if try reader.takeNull() { return }
      switch field {
      case "added_tokens": try readAddedTokens(&reader)
      case "model":
        hasModel = true
        model = try ModelFields(&reader)
      default: components[field] = try JSONValue(from: &reader)
      }
    }
    try reader.end()
    guard hasModel else { throw reader.error(.missingField, "missing", field: "model") }
  }

  /// A component of the file, or nil if it is absent.
  func component(_ name: String) -> FileField? {
    components[name].map { FileField($0, path: name, file: file) }
  }

  func error(_ code: TokenizerError.Code, _ field: String, _ message: String) -> TokenizerError {
    TokenizerError(code, "\(file): \(field): \(message)")
  }

  private mutating func readAddedTokens(_ reader: inout TokenizerReader) throws(TokenizerError) {
    try reader.array { (reader, index) throws(TokenizerError) in
      guard index < BytePairTokenizer.maximumVocabularySize else {
        throw reader.error(
          .invalidValue, "more than \(BytePairTokenizer.maximumVocabularySize) tokens")
      }
      let place = "added_tokens.[\(index)]"
      addedTokens.append(
        try AddedToken(
          FileField(try JSONValue(from: &reader), path: place, file: reader.file)))
    }
  }
}

extension AddedToken {
  /// Reads an added token; pass `id` if the file holds it elsewhere.
  init(_ field: FileField, id: Int32? = nil) throws(TokenizerError) {
    let content = try field.member("content")?.string() ?? ""
    guard !content.isEmpty else {
      throw field.error(.missingField, "missing or empty", field: "content")
    }
    let listedID: Int32
    if let id { listedID = id } else { listedID = try field.required("id").id() }
    let isSpecial = try field.boolean("special", default: false)
    self.init(
      id: listedID, content: content, isSpecial: isSpecial,
      isSingleWord: try field.boolean("single_word", default: false),
      stripsLeft: try field.boolean("lstrip", default: false),
      stripsRight: try field.boolean("rstrip", default: false),
      isNormalized: try field.boolean("normalized", default: !isSpecial))
  }
}
