#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif
internal import JSON

extension PipelineTokenizer {
  /// Reads a tokenizer, given its file or the folder that holds it.
  ///
  /// Of a folder `tokenizer.json` is read, or else `tokenizer.model` (or `spiece.model`,
  /// `sentencepiece.bpe.model`). `tokenizer_config.json`, `special_tokens_map.json` and
  /// `chat_template.jinja` beside it give the tokens with a role and the chat template. Truncation and
  /// padding are settings of a batch and not read.
  ///
  /// Throws `TokenizerError`; a part that is not supported gives `.unsupported` and is named.
  public init(contentsOf url: URL) throws(TokenizerError) {
    let file = try TokenizerFolder.tokenizerFile(at: url)
    let bytes = try TokenizerFolder.bytes(of: file)
    let folder = TokenizerFolder(url: file.deletingLastPathComponent())
    // A SentencePiece model begins with its first piece, whose field is written like a line feed.
    let kind = file.pathExtension
    if kind == "model" || kind != "json" && bytes.first == 0x0A {
      try self.init(sentencePiece: bytes, file: file.path)
    } else {
      try self.init(json: bytes, file: file.path)
    }
    try readConfiguration(folder)
  }

  private mutating func readConfiguration(_ folder: TokenizerFolder) throws(TokenizerError) {
    var template: String?
    for name in ["special_tokens_map.json", "tokenizer_config.json"] {
      guard let configuration = try folder.json(name) else { continue }
      files.append(TokenizerSourceFile(name: name, bytes: configuration.bytes))
      try readNames(configuration.field)
      if files[0].name == "tokenizer.model" {
        let bos = try configuration.field.member("add_bos_token")?.boolean()
        let eos = try configuration.field.member("add_eos_token")?.boolean()
        if bos != nil || eos != nil { surround(bos: bos ?? true, eos: eos ?? false) }
      }
      template = try Self.template(configuration.field) ?? template
    }
    if let bytes = try folder.optionalBytes("chat_template.jinja") {
      files.append(TokenizerSourceFile(name: "chat_template.jinja", bytes: bytes))
      template = String(decoding: bytes, as: UTF8.self)
    }
    chatTemplate = template.flatMap { ChatTemplate(recognizing: $0) }
  }

  /// Reads the tokens with a role, each a text or an object with its content; one that is not in the
  /// vocabulary is left out, as files name some that their models lack.
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

  /// The chat template's text: one, or the one named `default` of several.
  static func template(_ field: FileField) throws(TokenizerError) -> String? {
    guard let template = try field.member("chat_template") else { return nil }
    guard case .array = template.value else { return try template.string() }
    for element in try template.array() where try element.required("name").string() == "default" {
      return try element.required("template").string()
    }
    return nil
  }

  /// The id of a token by its spelling, added or of the model.
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

  /// The file to read, of a folder the first that is there.
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
    // The attributes are those of a link itself, so it is followed first.
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

  /// The bytes of a file of the folder, or nil where there is none.
  func optionalBytes(_ name: String) throws(TokenizerError) -> [UInt8]? {
    let file = url.appending(component: name)
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    return try Self.bytes(of: file)
  }

  /// A JSON file of the folder, or nil where there is none.
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
