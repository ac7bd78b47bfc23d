internal import Foundation
internal import LanguageModels
internal import TensorFiles
internal import Tensors
internal import Tokenization
public import Training

/// Labelled texts, and the encoder that learns to tell their labels: what an experiment on
/// classification works with.
public struct EncoderText: Sendable {
  /// The folder of the encoder.
  public let folder: String
  /// The texts in its tokens.
  public let data: ClassificationData
  let configuration: ClassifierConfiguration
  /// Whether it is trained already; else each run begins at random.
  public let isTrained: Bool
  /// Tells encoders and texts apart.
  let fingerprint: String

  /// An encoder in a folder: config.json and the tokenizer's files, with its tensors or without, where it
  /// is to begin at random.
  ///
  /// Throws what reading them throws.
  ///
  /// - Parameters:
  ///   - folder: That of the encoder.
  ///   - labelled: The texts.
  ///   - length: The most tokens of a text.
  public init(folder: String, labelled: LabelledText, length: Int) throws {
    let source = try ModelSource(path: folder)
    data = ClassificationData(
      labelled, tokenizer: try source.tokenizer,
      length: min(length, source.configuration.maxPositions))
    configuration = try ClassifierConfiguration(source.configuration, of: data)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder)
    let weights = files.filter { $0.hasSuffix(".safetensors") }.sorted()
    isTrained = !weights.isEmpty
    self.folder = folder
    let sizes = weights.map { name in
      let values = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name)
      return "\(name) \(values?[.size] ?? 0)"
    }
    fingerprint =
      FNVHash.digits(
        Array(("\(configuration.json)" + sizes.joined()).utf8)) + labelled.fingerprint
  }

  /// The task of a run.
  func task(_ configuration: TrainingConfiguration) throws -> Classification {
    try Classification(
      configuration, data: data, source: isTrained ? ModelSource(path: folder) : nil)
  }
}
