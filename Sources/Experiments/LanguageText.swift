internal import Foundation
internal import LanguageModels
internal import Tensors
public import Training

/// A trained model with a text in a language it knows little, and one in a language it knows: what an experiment on
/// continued pretraining works with.
public struct LanguageText: Sendable {
  /// The path of the model.
  public let weights: String
  /// The text to learn, in the model's tokens.
  let corpus: Corpus
  /// Windows of the text that is not learnt, to see what is forgotten.
  let known: EvaluationWindows
  let configuration: any LanguageModelConfiguration
  /// Tells models and texts apart.
  let fingerprint: String

  /// Tokens of the known text that are measured, at most.
  static let knownTokens = 1 << 14

  /// Reads the model's tokenizer and sizes, and both texts.
  ///
  /// Throws what reading them throws, and an `InputError` where the model predicts no texts or a text is
  /// too short.
  ///
  /// - Parameters:
  ///   - weights: The path of the model, in any form that `ModelSource` opens.
  ///   - text: The text to learn.
  ///   - known: The text in what the model knows.
  ///   - sequence: Tokens of a window.
  public init(weights: String, text: SourceText, known: SourceText, sequence: Int) throws {
    let source = try ModelSource(path: weights)
    guard let configuration = source.configuration as? any LanguageModelConfiguration else {
      throw InputError("\(weights) predicts no texts. Give a model that does.")
    }
    self.weights = weights
    self.configuration = configuration
    let tokenizer = try source.tokenizer
    corpus = Corpus(text, tokenizer: tokenizer)
    let stream = Corpus(known, tokenizer: tokenizer).training
    self.known = .spread(
      max(1, Self.knownTokens / sequence), over: stream, sequence: sequence, batchSize: 4)
    guard self.known.tokenCount > 0 else {
      throw InputError("\(known.name) has less than \(sequence) tokens. Give a longer text.")
    }
    let size = try? FileManager.default.attributesOfItem(atPath: weights)[.size]
    fingerprint = FNVHash.digits(
      Array("\(configuration.json) \(size ?? 0)".utf8) + text.training + [0xFF] + text.validation
        + [0xFF] + known.training)
  }

  /// The trainer of a run.
  func trainer(_ configuration: TrainingConfiguration) throws -> LanguageModelTrainer {
    try Trainer(configuration, corpus: corpus, source: ModelSource(path: weights))
  }
}
