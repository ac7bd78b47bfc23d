#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif
internal import JSON

extension BytePairTokenizer {
  /// The largest vocabulary that is trained or read: several times the largest in use.
  static let maximumVocabularySize = 1 << 20
  private static let maximumFileSize = 1 << 30

  /// Reads a Hugging Face `tokenizer.json`, given the file or the folder that holds it.
  ///
  /// Supported is byte-level byte-pair encoding as in GPT-2 and SmolLM2: model `BPE`,
  /// pre-tokenizer `ByteLevel` without prefix space or a `Sequence` of individual `Digits` and it,
  /// decoder `ByteLevel`, no normalizer. The post-processor must be `ByteLevel` or absent: `encode`
  /// adds no tokens. Truncation and padding are settings of a batch and not read.
  ///
  /// Throws `TokenizerError`; a part that is not supported gives `.unsupported` and is named.
  public init(contentsOf url: URL) throws(TokenizerError) {
    var isDirectory = false
    var file = url
    if FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory), isDirectory {
      file.append(component: "tokenizer.json")
    }
    let path = file.path
    // The attributes are those of a link itself, so it is followed first.
    let target = file.resolvingSymlinksInPath().path
    // Only a regular file has a size that can be checked before it is read.
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: target) else {
      throw TokenizerError(.unreadable, "\(path): no such file, or no permission to read it")
    }
    guard attributes[.type] as? FileAttributeType == .typeRegular,
      let size = attributes[.size] as? UInt64, size <= Self.maximumFileSize
    else {
      throw TokenizerError(
        .unreadable, "\(path): expected a regular file of at most 1 GiB")
    }
    do {
      try self.init(json: [UInt8](Data(contentsOf: file)), file: path)
    } catch let error as TokenizerError {
      throw error
    } catch {
      throw TokenizerError(.unreadable, "\(path): \(error)")
    }
  }

  /// Reads the bytes of a `tokenizer.json`; `file` names it in errors.
  init(json: [UInt8], file: String) throws(TokenizerError) {
    var reader = TokenizerReader(json, file: file)
    let contents = try TokenizerFile(&reader)
    try self.init(contents, TokenizerFileProblem(file: file))
  }

  private init(
    _ contents: TokenizerFile, _ problem: TokenizerFileProblem
  ) throws(TokenizerError) {
    let spellings = contents.spellings.bytes.span
    let table = try Self.table(of: contents, problem)
    func id(of key: Span<UInt8>, _ range: Range<Int>) -> Int32? {
      table.value(
        of: key, range, hash: ByteStringTable.hash(key, range), storage: spellings
      ).map { contents.ids[Int($0)] }
    }

    let addedTokens = contents.addedTokens
    for (index, token) in addedTokens.enumerated() {
      let content = Array(token.content.utf8)
      if let listed = id(of: content.span, 0..<content.count), listed != token.id {
        throw problem(
          .invalidValue, "added_tokens.[\(index)]",
          "id \(token.id), but the vocabulary gives its content the id \(listed)")
      }
    }
    let tokens = try Self.tokens(of: contents, problem)

    var byteIDs = [Int32](repeating: -1, count: 256)
    for byte in UInt8.min...UInt8.max {
      let spelling = ByteAlphabet.spelling(of: [byte])
      byteIDs[Int(byte)] = id(of: spelling.span, 0..<spelling.count) ?? -1
    }

    var merges: [Merge] = []
    merges.reserveCapacity(contents.mergeParts.count / 2)
    let parts = contents.mergeParts.bytes.span
    for index in 0..<contents.mergeParts.count / 2 {
      let left = contents.mergeParts.range(2 * index)
      let right = contents.mergeParts.range(2 * index + 1)
      func require(_ range: Range<Int>) throws(TokenizerError) -> Int32 {
        if let id = id(of: parts, range) { return id }
        throw problem(
          .invalidValue, "model.merges.[\(index)]",
          "token \(quoted(contents.mergeParts.bytes[range])) is not in the vocabulary")
      }
      merges.append(
        Merge(
          left: try require(left), right: try require(right),
          result: try require(left.lowerBound..<right.upperBound)))
    }

    var unknownID: Int32?
    if let unknown = contents.unknownToken {
      unknownID = id(of: unknown.span, 0..<unknown.count)
      guard unknownID != nil else {
        throw problem(
          .invalidValue, "model.unk_token",
          "\(quoted(unknown)) is not in the vocabulary")
      }
      guard !contents.fusesUnknown || !byteIDs.contains(-1) else {
        throw problem(.unsupported, "model.fuse_unk", "expected false, found true")
      }
    }
    self.init(
      tokens: tokens, byteIDs: byteIDs, merges: merges, addedTokens: addedTokens,
      preTokenization: contents.preTokenization, unknownID: unknownID,
      ignoresMerges: contents.ignoresMerges)
  }

  /// From the spelling of each token of the file to its place in the file.
  private static func table(
    of contents: TokenizerFile, _ problem: TokenizerFileProblem
  ) throws(TokenizerError) -> ByteStringTable {
    var table = ByteStringTable()
    let spellings = contents.spellings.bytes.span
    for index in 0..<contents.spellings.count {
      let range = contents.spellings.range(index)
      let hash = ByteStringTable.hash(spellings, range)
      guard table.value(of: spellings, range, hash: hash, storage: spellings) == nil else {
        throw problem(
          .duplicate, "model.vocab",
          "token \(quoted(contents.spellings[index])) occurs twice")
      }
      table.insert(range, hash: hash, value: Int32(index))
    }
    return table
  }

  /// The bytes of every token by id.
  private static func tokens(
    of contents: TokenizerFile, _ problem: TokenizerFileProblem
  ) throws(TokenizerError) -> ByteStrings {
    let highest = max(contents.ids.max() ?? -1, contents.addedTokens.map(\.id).max() ?? -1)
    var order = [Int](repeating: -1, count: Int(highest) + 1)
    for (index, id) in contents.ids.enumerated() {
      guard order[Int(id)] < 0 else {
        throw problem(.duplicate, "model.vocab", "id \(id) occurs twice")
      }
      order[Int(id)] = index
    }
    var added: [Int32: [UInt8]] = [:]
    for (index, token) in contents.addedTokens.enumerated() {
      let content = Array(token.content.utf8)
      guard added.updateValue(content, forKey: token.id) == nil else {
        throw problem(.duplicate, "added_tokens.[\(index)].id", "id \(token.id) occurs twice")
      }
      let listed = order[Int(token.id)]
      guard listed < 0 || contents.spellings[listed].elementsEqual(content) else {
        throw problem(
          .duplicate, "added_tokens.[\(index)].id",
          "id \(token.id) is already that of the token "
            + quoted(contents.spellings[listed]))
      }
    }
    let spellings = contents.spellings.bytes.span
    var tokens = ByteStrings()
    for id in 0..<order.count {
      if let content = added[Int32(id)] {
        tokens.append(content)
      } else if order[id] < 0 {
        tokens.append([])
      } else {
        let range = contents.spellings.range(order[id])
        guard let bytes = ByteAlphabet.bytes(spelled: spellings, in: range) else {
          throw problem(
            .unsupported, "model.vocab",
            """
            token \(quoted(contents.spellings[order[id]])) is not spelled in the \
            byte-level alphabet of GPT-2, the only kind of vocabulary that is supported
            """)
        }
        tokens.append(bytes)
      }
    }
    return tokens
  }
}

/// Makes errors about a file as a whole.
private struct TokenizerFileProblem {
  let file: String

  func callAsFunction(
    _ code: TokenizerError.Code, _ field: String, _ message: String
  ) -> TokenizerError {
    TokenizerError(code, "\(file): \(field): \(message)")
  }
}
