#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif
internal import JSON

extension PipelineTokenizer {
  /// Reads a tokenizer from its file or the folder that holds it.
  ///
  /// In a folder `tokenizer.json` is read, or else `tokenizer.model` (or `spiece.model`,
  /// `sentencepiece.bpe.model`). `tokenizer_config.json`, `special_tokens_map.json`,
  /// `chat_template.jinja` and `chat_template.json` beside it provide the tokens with a role and the chat
  /// template, `added_tokens.json` the tokens that were added to a SentencePiece model. Truncation and
  /// padding are settings of a batch and ignored.
  ///
  /// Throws `TokenizerError`, with the code `.unsupported` and the name of any part that is not supported.
  public init(contentsOf url: URL) throws(TokenizerError) {
    let file = try TokenizerFolder.tokenizerFile(at: url)
    let bytes = try TokenizerFolder.bytes(of: file)
    let folder = TokenizerFolder(url: file.deletingLastPathComponent())
    // A SentencePiece model begins with its first piece, whose field tag is the byte of a line feed.
    let kind = file.pathExtension
    let isSentencePiece = kind == "model" || kind != "json" && bytes.first == 0x0A
    if isSentencePiece {
      try self.init(sentencePiece: bytes, file: file.path)
      let name = file.lastPathComponent
      if TokenizerFolder.names.contains(name) {
        files = [TokenizerSourceFile(name: name, bytes: bytes)]
      }
      try readAddedTokens(folder)
    } else {
      try self.init(json: bytes, file: file.path)
    }
    try readConfiguration(folder, isSentencePiece: isSentencePiece)
  }

  /// The tokens that a user has added to a SentencePiece model, which lie beside it: in `added_tokens.json`
  /// ids by their contents, and in `added_tokens_decoder` of `tokenizer_config.json` all of them by their ids.
  private mutating func readAddedTokens(_ folder: TokenizerFolder) throws(TokenizerError) {
    var tokens: [Int32: AddedToken] = [:]
    if let listed = try folder.json("added_tokens.json") {
      files.append(TokenizerSourceFile(name: "added_tokens.json", bytes: listed.bytes))
      for (content, value) in try listed.field.members() where !content.isEmpty {
        let id = try value.id()
        tokens[id] = AddedToken(id: id, content: content, isSpecial: false)
      }
    }
    if let field = try folder.json("tokenizer_config.json")?.field.member("added_tokens_decoder") {
      for (key, value) in try field.members() {
        guard let id = Int32(key), id >= 0, id < BytePairTokenizer.maximumVocabularySize else {
          throw value.error(.invalidValue, "expected an id as the key, found \(quoted(key.utf8))")
        }
        tokens[id] = try AddedToken(value, id: id)
      }
    }
    let known = Set(addedTokens.tokens.map(\.id))
    let added = tokens.values.filter { !known.contains($0.id) }.sorted { $0.id < $1.id }
    guard !added.isEmpty else { return }
    var extended = PipelineTokenizer(
      normalizer: normalizer, preTokenizer: preTokenizer, model: model,
      postProcessor: postProcessor, decoder: decoder, addedTokens: addedTokens.tokens + added)
    extended.namedTokens = namedTokens
    extended.files = files
    self = extended
  }

  private mutating func readConfiguration(_ folder: TokenizerFolder, isSentencePiece: Bool)
    throws(TokenizerError)
  {
    var template: String?
    for name in ["special_tokens_map.json", "tokenizer_config.json"] {
      guard let configuration = try folder.json(name) else { continue }
      files.append(TokenizerSourceFile(name: name, bytes: configuration.bytes))
      try readNames(configuration.field)
      if isSentencePiece {
        let bos = try configuration.field.member("add_bos_token")?.boolean()
        let eos = try configuration.field.member("add_eos_token")?.boolean()
        if bos != nil || eos != nil { surround(bos: bos ?? true, eos: eos ?? false) }
        // Transformers' old behaviour treats what is behind an added token as a text of its own.
        if try configuration.field.member("legacy")?.boolean() == false,
          case .sentencePiece(var rules) = normalizer
        {
          rules.prefixesFirstOnly = true
          normalizer = .sentencePiece(rules)
        }
      }
      template = try Self.template(configuration.field) ?? template
    }
    if let file = try folder.json("chat_template.json") {
      files.append(TokenizerSourceFile(name: "chat_template.json", bytes: file.bytes))
      template = try Self.template(file.field) ?? template
    }
    if let bytes = try folder.optionalBytes("chat_template.jinja") {
      files.append(TokenizerSourceFile(name: "chat_template.jinja", bytes: bytes))
      template = String(decoding: bytes, as: UTF8.self)
    }
    chatTemplate = template.flatMap { ChatTemplate(recognizing: $0) }
  }

  /// Reads the tokens with a role, each a string or an object with its content. Tokens that are not in the
  /// vocabulary are skipped, since some files list tokens that their models lack.
  private mutating func readNames(_ field: FileField) throws(TokenizerError) {
    for (name, path) in NamedTokens.roles {
      guard let token = try field.member(name) else { continue }
      let content: String
      if case .object = token.value {
        content = try token.required("content").string()
      } else {
        content = try token.string()
      }
      if let id = id(of: content) { namedTokens[keyPath: path] = id }
    }
  }

  /// The chat template, or the one named `default` if there are several.
  static func template(_ field: FileField) throws(TokenizerError) -> String? {
    guard let template = try field.member("chat_template") else { return nil }
    guard case .array = template.value else { return try template.string() }
    for element in try template.array() where try element.required("name").string() == "default" {
      return try element.required("template").string()
    }
    return nil
  }

  /// The id of an added or model token by its spelling.
  public func id(of token: String) -> Int32? {
    if let added = addedTokens.tokens.first(where: {
      $0.content.utf8.elementsEqual(token.utf8)
    }) {
      return added.id
    }
    return model.vocabulary.id(of: token.utf8)
  }
}

/// A folder that holds a tokenizer.
struct TokenizerFolder {
  private static let maximumFileSize = 1 << 30
  static let names = [
    "tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
  ]

  let url: URL

  /// The file to read; in a folder, the first known one that exists.
  static func tokenizerFile(at url: URL) throws(TokenizerError) -> URL {
    var isDirectory = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), isDirectory
    else { return url }
    let files = names.map { url.appending(component: $0) }
    if let file = files.first(where: { FileManager.default.fileExists(atPath: $0.path) }) {
      return file
    }
    throw TokenizerError(
      .unreadable,
      "\(url.path): no tokenizer here; expected \(names[0]) or a SentencePiece \(names[1])")
  }

  static func bytes(of file: URL) throws(TokenizerError) -> [UInt8] {
    let path = file.path
    // Attributes would be those of a link itself, so links are resolved first.
    let target = file.resolvingSymlinksInPath().path
    // Only a regular file has a size that can be checked before it is read.
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: target) else {
      throw TokenizerError(.unreadable, "\(path): no such file, or no permission to read it")
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular,
      let size = attributes[.size] as? UInt64, size <= maximumFileSize
    else {
      throw TokenizerError(.unreadable, "\(path): expected a regular file of at most 1 GiB")
    }
    do {
      return try [UInt8](Data(contentsOf: file))
    } catch {
      throw TokenizerError(.unreadable, "\(path): \(error)")
    }
  }

  /// The bytes of a file in the folder, or nil if there is none.
  func optionalBytes(_ name: String) throws(TokenizerError) -> [UInt8]? {
    let file = url.appending(component: name)
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    return try Self.bytes(of: file)
  }

  /// A JSON file in the folder, or nil if there is none.
  func json(_ name: String) throws(TokenizerError) -> (bytes: [UInt8], field: FileField)? {
    guard let bytes = try optionalBytes(name) else { return nil }
    let path = url.appending(component: name).path
    var reader = TokenizerReader(bytes, file: path)
    let value = try JSONValue(from: &reader)
    try reader.end()
    let field = FileField(value, path: "", file: path)
    guard case .object = value else {
      throw field.error(.wrongType, "expected an object, found \(value.kind)")
    }
    return (bytes, field)
  }
}
