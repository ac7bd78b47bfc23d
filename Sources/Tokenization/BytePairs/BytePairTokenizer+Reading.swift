#if canImport(FoundationEssentials)
  public import FoundationEssentials
#else
  public import Foundation
#endif

extension BytePairTokenizer {
  /// Reads a tokenizer whose model is byte-pair encoding, given its file or the folder that holds it;
  /// see `PipelineTokenizer` for what is read.
  ///
  /// Throws `TokenizerError`; a part that is not supported gives `.unsupported` and is named, as is
  /// a model of another kind, which `PipelineTokenizer(contentsOf:)` reads.
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

  /// Writes the tokenizer's files into the existing folder `folder`; both `tokenizers` and
  /// `transformers` load them.
  public func save(to folder: URL) throws(TokenizerError) { try pipeline.save(to: folder) }
}
