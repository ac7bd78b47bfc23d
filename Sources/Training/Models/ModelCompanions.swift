#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import JSON
internal import LanguageModels
internal import TensorFiles
internal import Tokenization

/// What lies beside the tensors of a trained model, to lie beside those of a model that is made of it: the
/// members of its `config.json`, known here or not, and the files of its tokens and of generation.
public struct ModelCompanions: Sendable {
  /// A file, or what tells its bytes from others.
  private struct File: Sendable {
    let name: String
    let byteCount: Int
    let fingerprint: UInt64
    /// Nil for the tokenizer's own, which the tokenizer holds.
    let bytes: [UInt8]?

    init(_ name: String, _ bytes: [UInt8], isHeld: Bool) {
      self.name = name
      byteCount = bytes.count
      // FNV-1a (Fowler, Noll and Vo).
      fingerprint = bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
      self.bytes = isHeld ? bytes : nil
    }
  }

  private let settings: JSONObject?
  private let configuration: (any ModelConfiguration)?
  /// The file that the tokenizer is read from.
  private let tokenizerFile: File?
  private let files: [File]

  /// None: those of a model that begins at random.
  public init() {
    settings = nil
    configuration = nil
    tokenizerFile = nil
    files = []
  }

  /// The files that hold a tokenizer, the one that is read first.
  private static let tokenizerNames = [
    "tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model",
  ]
  private static let names =
    tokenizerNames + [
      "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "vocab.json",
      "vocab.txt", "merges.txt", "chat_template.jinja", "chat_template.json",
      "generation_config.json",
    ]

  /// The names of the companions in a folder, that of the tokenizer's own file first.
  static func names(in folder: String) -> [String] {
    names.filter { FileManager.default.fileExists(atPath: folder + "/" + $0) }
  }

  /// Why a folder has no tokenizer that can be read; nil where it has one.
  static func tokenizerError(in folder: String) -> InputError? {
    let names = names(in: folder)
    if names.contains(where: tokenizerNames.contains) { return nil }
    let problem =
      "\(folder) has no tokenizer.json and no tokenizer.model, without which the tokens of its model "
      + "have no meaning. "
    guard names.contains(where: ["vocab.json", "vocab.txt"].contains) else {
      return InputError(problem + "Fetch the tokenizer's files too.")
    }
    return InputError(
      problem + "Make it of the older files: python3 -c \"from transformers import AutoTokenizer; "
        + "AutoTokenizer.from_pretrained('\(folder)').save_pretrained('\(folder)')\"")
  }

  /// Those of a model.
  ///
  /// - Parameters:
  ///   - settings: The members of the dense model's `config.json`.
  ///   - configuration: What was read from them.
  ///   - folder: That of the files; nil where there are none.
  init(settings: JSONObject, configuration: any ModelConfiguration, folder: String?)
    throws(TensorFileError)
  {
    self.settings = settings
    self.configuration = configuration
    var files: [File] = []
    let names = folder.map { Self.names(in: $0) } ?? []
    let tokenizerName = names.first.flatMap { Self.tokenizerNames.contains($0) ? $0 : nil }
    for name in names {
      files.append(
        File(name, try Self.bytes(of: (folder ?? "") + "/" + name), isHeld: name != tokenizerName))
    }
    tokenizerFile = tokenizerName == nil ? nil : files.removeFirst()
    self.files = files
  }

  static func bytes(of file: String) throws(TensorFileError) -> [UInt8] {
    do {
      return try [UInt8](Data(contentsOf: URL(filePath: file)))
    } catch {
      throw TensorFileError(
        .cannotRead, file: file, found: "a file that cannot be read",
        remedy: "Check its permissions")
    }
  }

  /// The ids that end a text when a model draws them: of `generation_config.json`, else of `config.json`.
  public var endTokens: Set<Int32> {
    var members = settings
    if let bytes = files.first(where: { $0.name == "generation_config.json" })?.bytes,
      let generation = try? JSONValue(parsing: bytes).objectValue,
      let ids = generation["eos_token_id"], ids != .null
    {
      members = generation
    }
    let ids = members?["eos_token_id"] ?? .null
    return Set(
      (ids.arrayValue ?? [ids]).compactMap { $0.integerValue.flatMap { Int32(exactly: $0) } })
  }

  /// Writes the files into a folder where the tokenizer's have been written, unless these are those of
  /// another tokenizer. Returns whether they are the source's.
  func write(to folder: String) throws(TensorFileError) -> Bool {
    guard let tokenizerFile, let bytes = try? Self.bytes(of: folder + "/" + tokenizerFile.name),
      File(tokenizerFile.name, bytes, isHeld: false).fingerprint == tokenizerFile.fingerprint,
      bytes.count == tokenizerFile.byteCount
    else { return false }
    for file in files {
      let path = folder + "/" + file.name
      guard let bytes = file.bytes, !FileManager.default.fileExists(atPath: path) else { continue }
      try AtomicFile.write(bytes, to: path)
    }
    return true
  }

  /// The members of the `config.json` of a model: those of the source, but for what is no longer so.
  ///
  /// - Parameters:
  ///   - model: The model.
  ///   - tokens: The ids of its tokens with a role, where its tokenizer is not the source's; nil where it
  ///     is, whose ids the source tells itself.
  func settings(of model: any ModelConfiguration, tokens: NamedTokens?) -> JSONObject {
    let own = model.json
    var json = settings ?? own
    if let configuration {
      let source = configuration.json
      for key in Set(source.keys).union(own.keys).sorted() where source[key] != own[key] {
        json[key] = own[key]
      }
      for key in ["architectures", "model_type"] where json[key] == nil { json[key] = own[key] }
    }
    guard let tokens else { return json }
    // Left out they would be what other programs take for usual, such as 1 and 2.
    for (key, id) in [("bos", tokens.bos), ("eos", tokens.eos), ("pad", tokens.pad)] {
      json[key + "_token_id"] = id.map { .integer(Int($0)) } ?? own[key + "_token_id"] ?? .null
    }
    return json
  }
}

extension Tokenizer {
  /// Writes the tokenizer's files into a folder.
  func write(to folder: String) throws(TensorFileError) {
    for file in files { try AtomicFile.write(file.bytes, to: folder + "/" + file.name) }
  }
}
