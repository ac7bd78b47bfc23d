#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

extension BytePairTokenizer {
  /// Reads a byte-pair encoding tokenizer from its file or the folder that holds it; see
  /// `PipelineTokenizer` for what is read.
  ///
  /// Throws `TokenizerError`, with the code `.unsupported` and the name of any part that is not supported,
  /// or for a model of another kind, which `PipelineTokenizer(contentsOf:)` reads.
  public init(contentsOf url: URL) throws(TokenizerError) {
    try self.init(PipelineTokenizer(contentsOf: url), file: url.path)
  }

  /// Reads the bytes of a `tokenizer.json`; `file` names it in errors.
  init(json: [UInt8], file: String) throws(TokenizerError) {
    try self.init(PipelineTokenizer(json: json, file: file), file: file)
  }

  private init(_ pipeline: PipelineTokenizer, file: String) throws(TokenizerError) {
    guard let tokenizer = Self(pipeline) else {
      throw TokenizerError(
        .unsupported,
        "\(file): model.type: expected \"BPE\"; read other models with PipelineTokenizer")
    }
    self = tokenizer
  }

  /// The files of the tokenizer.
  public var files: [TokenizerSourceFile] { pipeline.files }
}
