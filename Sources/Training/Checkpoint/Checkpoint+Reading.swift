#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import LanguageModels
package import TensorFiles
internal import Tokenization

extension Checkpoint {
  /// Reads a folder that `write(to:)` made, with its layers as they are held there, or whatever else
  /// `ModelSource` knows.
  ///
  /// Throws a `TensorFileError`, an `InputError` or a `TokenizerError` that names the file and what is wrong.
  public init(path: String) throws { try self.init(ModelSource(path: path)) }

  /// Reads a trained model with its layers as they are held.
  public init(_ source: ModelSource) throws {
    self.init(
      model: try source.makeModel(), parameterisation: source.parameterisation,
      tokenizer: try source.tokenizer,
      record: try Self.record(path: source.path + "/training.json"),
      companions: try source.companions)
  }

  /// Reads the record of a run; nil where there is no file of the path.
  package static func record(path: String) throws(TensorFileError) -> RunRecord? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return try decoder.decode(RunRecord.self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw TensorFileError(
        .malformed, file: path, found: "something else than the record of a run",
        remedy: "Delete the file if the record is not needed")
    }
  }
}
