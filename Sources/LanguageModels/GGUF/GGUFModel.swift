public import JSON
public import TensorFiles
public import Tokenization

/// A model in a GGUF file: its sizes, tensors, tokenizer and chat template, which the file holds together.
///
/// Opening it reads the header alone; a tensor is read, and dequantised, when it is asked for.
///
/// ```swift
/// let file = try GGUFModel(path: "SmolLM2-135M-Instruct.Q4_1.gguf")
/// let model = try file.configuration.makeModel(reading: file.tensors, using: .dense())
/// let tokens = try file.tokenizer.encode("The capital of France is")
/// ```
public struct GGUFModel: Sendable {
  /// The file.
  public let file: GGUFFile
  /// The members of the `config.json` that the metadata amount to, from which `configuration` was read.
  public let settings: JSONObject
  /// The sizes and constants.
  public let configuration: any LanguageModelConfiguration
  private let layout: GGUFLayout

  /// Whether a path names a GGUF file, by its first bytes, or by its name where there is none.
  public static func isModel(at path: String) -> Bool {
    path.hasSuffix(".gguf") || GGUFFile.isGGUF(at: path)
  }

  /// Opens a file.
  ///
  /// - Throws: A `TensorFileError` that names the key, what was found and what was expected; for an
  ///   architecture that is not known with the list of those that are.
  public init(path: String) throws(TensorFileError) {
    file = try GGUFFile(path: path)
    guard let architecture = file.metadata["general.architecture"]?.stringValue else {
      throw TensorFileError(
        .missing, file: path, field: "general.architecture", found: "no such text",
        expected: "the kind of a model", remedy: "This file holds tensors but no model")
    }
    layout = try ModelFamily.layout(ofArchitecture: architecture, file: path)
    guard let family = ModelFamily.all.first(where: { $0.gguf?.architecture == architecture })
    else { preconditionFailure("GGUFModel: a layout without a family") }
    var settings = try layout.read(GGUFFields(file: file, architecture: architecture))
    settings["model_type"] = .string(family.modelType)
    configuration = try ModelFamily.configuration(
      JSONDocument(settings, file: "\(path): metadata"))
    settings = configuration.json
    let names = GGUFVocabulary.namedTokens(in: file.metadata)
    for (key, id) in [
      ("bos_token_id", names.bos), ("eos_token_id", names.eos), ("pad_token_id", names.pad),
    ] {
      if let id { settings[key] = .integer(Int(id)) }
    }
    self.settings = settings
  }

  /// The tensors, named and laid out as in a Hugging Face folder of the same model.
  public var tensors: some TensorSource {
    GGUFTensors(of: configuration, in: file, layout: layout)
  }

  /// The arrays of the tokenizer; nil where the file has none. Throws a `TensorFileError` where an array is of
  /// the wrong kind.
  public var vocabulary: GGUFVocabulary? {
    get throws(TensorFileError) { try GGUFVocabulary(file.metadata, file: file.path) }
  }

  /// The tokenizer. Throws a `TensorFileError` or a `TokenizerError` where there is none or it cannot be
  /// made.
  public var tokenizer: PipelineTokenizer {
    get throws {
      guard let vocabulary = try vocabulary else {
        throw TensorFileError(
          .missing, file: file.path, field: "tokenizer.ggml.tokens", found: "no such array",
          expected: "the tokens")
      }
      return try PipelineTokenizer(vocabulary, file: file.path)
    }
  }

  /// The chat template, a program in Jinja; nil where the file has none.
  public var chatTemplate: String? { file.metadata["tokenizer.chat_template"]?.stringValue }
}
