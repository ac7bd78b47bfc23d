internal import Foundation
internal import LanguageModels
internal import LoQT
internal import Optimizers
internal import Tensors

/// One training run of an experiment: everything that decides its numbers.
public struct ExperimentRun: Sendable, Hashable {
  /// The settings.
  public let configuration: TrainingConfiguration
  /// The name of its record: a hash of all that decides its numbers.
  public let key: String

  /// A run of a variant.
  init(
    _ variant: Variant, learningRate: Double, seed: UInt64, scale: ExperimentScale,
    text: ExperimentText
  ) throws(InputError) {
    var options = variant.options
    options.restLearningRate = options.restLearningRate ?? scale.restLearningRate
    var model = try TrainingConfiguration.model(preset: scale.preset)
    model.vocabularySize = scale.vocabulary
    let steps = variant.steps ?? scale.steps
    configuration = try TrainingConfiguration(
      model: model, named: scale.preset, method: variant.method, options: options, steps: steps,
      batchSize: scale.batchSize, sequence: scale.sequence, learningRate: learningRate, seed: seed,
      evaluationInterval: max(1, steps / 5))
    key = Self.hash(of: Identity(configuration, text: text.fingerprint))
  }

  /// What decides a run's numbers. Not the method's name and options but what they amount to, so that
  /// other defaults make other runs.
  private struct Identity: Encodable {
    /// To be raised when the same settings begin to give other numbers.
    var revision = 1
    var text: String
    var sizes: [Int]
    var constants: [Double]
    var layers: MethodPlan.LinearLayers
    var chosenLayers: [String]
    var optimizers: [OptimizerKind]
    var window: ProjectionWindow
    var trained: [Bool]
    var rates: [Double]
    var seed: UInt64

    init(_ configuration: TrainingConfiguration, text: String) {
      self.text = text
      let (model, plan) = (configuration.model, configuration.plan)
      sizes = [
        model.vocabularySize, model.hiddenSize, model.intermediateSize, model.layers, model.heads,
        model.keyHeads, model.headSize, model.tiesEmbeddings ? 1 : 0, configuration.steps,
        configuration.batchSize, configuration.microBatches, configuration.sequence,
      ]
      constants = [model.rmsNormEpsilon, model.ropeTheta, model.initializerDeviation]
      layers = plan.layers
      chosenLayers = plan.chosenLayers.sorted()
      optimizers = [plan.optimizer, plan.restOptimizer]
      window = plan.window
      trained = [plan.trainsEmbedding, plan.trainsHead]
      rates = [
        configuration.learningRate, plan.restLearningRate ?? configuration.learningRate,
      ]
      seed = configuration.seed
    }
  }

  private static func hash(of identity: Identity) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let data = try? encoder.encode(identity) else {
      preconditionFailure("ExperimentRun: plain numbers and names were not encoded")
    }
    return fingerprint(data)
  }

  /// Trains, and gives the record; `progress` is told each step and says whether to go on.
  ///
  /// A run whose loss stops being a number has a validation loss that is none. Returns nil when it
  /// was stopped.
  func execute(on corpus: Corpus, progress: (TrainingProgress) -> Bool) async throws -> RunRecord? {
    let trainer = try Trainer(configuration, corpus: corpus)
    do {
      for try await event in trainer {
        if case .step(let report) = event, !progress(report) { return nil }
      }
    } catch let error as TrainingError {
      var record = trainer.finish(isInterrupted: true)
      record.notices.append(error.description)
      return record
    }
    return trainer.finish()
  }
}

/// A text and the vocabulary made of it, which all runs of an experiment share.
public struct ExperimentText: Sendable {
  /// The tokens.
  public let corpus: Corpus
  /// Tells texts apart.
  let fingerprint: String

  /// Learns a vocabulary of a text. Throws where there is too little text for it.
  public init(_ text: SourceText, vocabulary: Int) throws {
    corpus = try Corpus(text, vocabulary: vocabulary)
    fingerprint = Training.fingerprint(text.training + [0xFF] + text.validation)
  }
}

/// A hash that is the same in every process: 64 bits FNV-1a as hexadecimal digits.
func fingerprint(_ bytes: some Sequence<UInt8>) -> String {
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  let digits = String(hash, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
