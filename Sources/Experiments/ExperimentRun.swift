internal import Adapters
internal import Foundation
internal import LanguageModels
internal import LoQT
internal import Optimizers
internal import Quantization
internal import Stepping
internal import Tensors
internal import Tokenization
public import Training

/// One training run of an experiment: everything that decides its numbers.
public struct ExperimentRun: Sendable {
  /// The settings.
  public let configuration: TrainingConfiguration
  /// The name of its record: a hash of all that decides its numbers.
  public let key: String
  private let task: Variant.Task

  /// A run of a variant.
  init(
    _ variant: Variant, learningRate: Double, seed: UInt64, scale: ExperimentScale,
    text: ExperimentText
  ) throws(InputError) {
    var options = variant.options
    options.restLearningRate = options.restLearningRate ?? scale.restLearningRate
    let steps = variant.steps ?? scale.steps
    if variant.task == .classification, let encoder = text.encoder {
      var configuration = try TrainingConfiguration(
        model: encoder.configuration, named: encoder.configuration.modelType,
        weights: encoder.isTrained ? encoder.folder : nil, method: variant.method, options: options,
        steps: steps, batchSize: Self.labelledBatchSize, sequence: scale.sequence,
        learningRate: learningRate, seed: seed, evaluationInterval: max(1, steps / 5))
      configuration.model = encoder.configuration
      self.configuration = configuration
      task = .classification
      var identity = Identity(
        configuration, model: encoder.configuration, text: encoder.fingerprint)
      identity.task = task
      key = Self.hash(of: identity)
      return
    }
    var model = try TrainingConfiguration.model(preset: scale.preset)
    // A short text has fewer tokens than are asked for, and the model rows for these alone.
    model.vocabularySize = min(scale.vocabulary, text.corpus.tokenizer.vocabularySize)
    let labelled = variant.task == .fineTuning ? text.labelled : nil
    configuration = try TrainingConfiguration(
      model: model, named: scale.preset, method: variant.method, options: options, steps: steps,
      batchSize: labelled == nil ? scale.batchSize : Self.labelledBatchSize,
      sequence: scale.sequence, learningRate: learningRate, seed: seed,
      evaluationInterval: max(1, steps / 5), validationTokens: scale.validationTokens)
    task = variant.task
    var identity = Identity(configuration, model: model, text: text.fingerprint)
    if task == .fineTuning {
      identity.task = task
      identity.base = try Self.base(scale, text).key
      identity.labels = labelled?.fingerprint
    }
    key = Self.hash(of: identity)
  }

  /// Labelled lines a step, as many as in the paper's runs on GLUE.
  private static let labelledBatchSize = 32

  /// The run whose model is fine-tuned.
  private static func base(_ scale: ExperimentScale, _ text: ExperimentText) throws(InputError)
    -> ExperimentRun
  {
    try ExperimentRun(
      Variant(.full), learningRate: 0.001, seed: scale.seeds.first ?? 0, scale: scale, text: text)
  }

  /// What decides a run's numbers. Not the method's name and options but what they amount to, so that
  /// other defaults make other runs.
  private struct Identity: Encodable {
    /// To be raised when the same settings begin to give other numbers.
    var revision = 1
    var text: String
    var sizes: [Int]
    var constants: [Double]
    var layers: LinearLayers
    var chosenLayers: [String]
    var optimizers: [OptimizerKind]
    var window: ProjectionWindow
    var trained: [Bool]
    var rates: [Double]
    var seed: UInt64
    /// Of a run that is measured on some of them.
    var validationTokens: Int?
    /// Of a run that starts from another one's model.
    var task: Variant.Task?
    var base: String?
    /// Of a run that learns labelled lines.
    var labels: String?

    init(_ configuration: TrainingConfiguration, model: any ModelConfiguration, text: String) {
      self.text = text
      let plan = configuration.plan
      let step = [
        configuration.steps, configuration.batchSize, configuration.microBatches,
        configuration.sequence,
      ]
      if let model = model as? LlamaConfiguration {
        sizes =
          [
            model.vocabularySize, model.hiddenSize, model.intermediateSize, model.layers,
            model.heads, model.keyHeads, model.headSize, model.tiesEmbeddings ? 1 : 0,
          ] + step
        constants = [model.rmsNormEpsilon, model.ropeTheta, model.initializerDeviation]
      } else {
        // What the text's fingerprint does not tell of the model.
        sizes = step
        constants = []
      }
      layers = LinearLayers(plan.layers)
      chosenLayers = (plan.choice?.chosen ?? Set(model.linearNames)).sorted()
      optimizers = [plan.optimizer, plan.restOptimizer]
      window = plan.window
      trained = [plan.trainsEmbedding, plan.trainsHead]
      rates = [
        configuration.learningRate, plan.restLearningRate ?? configuration.learningRate,
      ]
      seed = configuration.seed
      validationTokens = configuration.validationTokens
    }
  }

  /// A parameterisation in the form that names of records are made of.
  private enum LinearLayers: Encodable {
    case frozen
    case dense(packed: WeightFormat?)
    case adapter(AdapterConfiguration, MergeSchedule)
    case subspace(SubspaceConfiguration, packed: WeightFormat?)
    case loqt(LoQTConfiguration, MergeSchedule)
    case other(name: String, settings: String)

    init(_ layers: any Parameterisation) {
      self =
        switch layers {
        case is FrozenMatrices: .frozen
        case let dense as DenseMatrices: .dense(packed: dense.packed)
        case let adapter as AdapterMatrices: .adapter(adapter.adapter, adapter.merges)
        case let subspace as SubspaceMatrices:
          .subspace(subspace.subspace, packed: subspace.packed)
        case let loqt as LoQTMatrices: .loqt(loqt.loqt, loqt.merges)
        default: .other(name: "\(type(of: layers))", settings: "\(layers.settings)")
        }
    }
  }

  private static func hash(of identity: Identity) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    guard let data = try? encoder.encode(identity) else {
      preconditionFailure("ExperimentRun: plain numbers and names were not encoded")
    }
    return FNVHash.digits(data)
  }

  /// Trains, and gives the record; `progress` is told each step and says whether to go on.
  ///
  /// A run whose loss stops being a number has a validation loss that is none. Returns nil when it
  /// was stopped.
  ///
  /// - Parameter folder: Where a model to be fine-tuned is, or is left when it has to be trained first.
  func execute(
    _ scale: ExperimentScale, on text: ExperimentText, in folder: String,
    progress: (TrainingProgress) -> Bool
  ) async throws -> RunRecord? {
    do {
      if task == .classification, let encoder = text.encoder {
        let trainer = Trainer(configuration, task: try encoder.task(configuration))
        return try await take(trainer, progress: progress) ? trainer.finish() : nil
      }
      if task == .fineTuning {
        let base = try Self.base(scale, text)
        let path = folder + "/model-" + base.key
        if !FileManager.default.fileExists(atPath: path) {
          guard let trainer = try await base.train(on: text.corpus, progress: progress) else {
            return nil
          }
          try Checkpoint(trainer).write(to: path)
        }
        let trainer = Trainer(
          configuration, task: try PassageClassification(configuration, on: text, base: path))
        return try await take(trainer, progress: progress) ? trainer.finish() : nil
      }
      return try await train(on: text.corpus, progress: progress)?.finish()
    } catch let error as TrainingError {
      var record = RunRecord(
        method: configuration.method.name, seed: configuration.seed,
        tokensPerStep: configuration.tokensPerStep,
        parameterCount: configuration.model.parameterCount)
      record.settings = configuration.settings
      record.notices.append(error.description)
      return record
    }
  }

  private func train(on corpus: Corpus, progress: (TrainingProgress) -> Bool) async throws
    -> LanguageModelTrainer?
  {
    let trainer = try Trainer(configuration, corpus: corpus)
    return try await take(trainer, progress: progress) ? trainer : nil
  }

  /// Takes all steps; false when `progress` says to stop.
  private func take(
    _ trainer: Trainer<some TrainingTask>, progress: (TrainingProgress) -> Bool
  ) async throws -> Bool {
    for try await event in trainer {
      if case .step(let report) = event, !progress(report) { return false }
    }
    return true
  }
}

extension ExperimentRun: Hashable {
  /// Whether the numbers of two runs are the same.
  public static func == (a: Self, b: Self) -> Bool { a.key == b.key }

  /// Hashes the key.
  public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

/// A text and the vocabulary made of it, which all runs of an experiment share.
public struct ExperimentText: Sendable {
  /// The tokens.
  public let corpus: Corpus
  /// What fine-tuning learns; passages of the text when left out.
  public let labelled: LabelledText?
  /// The encoder that learns labels, and its texts; nil where none does.
  public let encoder: EncoderText?
  /// Tells texts apart.
  let fingerprint: String

  /// What an encoder learns, without a text for a language model.
  public init(_ encoder: EncoderText) throws {
    self.encoder = encoder
    labelled = nil
    corpus = try Corpus(
      SourceText(Array("No text is needed.".utf8), name: encoder.data.name), vocabulary: 256)
    fingerprint = encoder.fingerprint
  }

  /// The place of a text where none is needed.
  public static func placeholder() throws -> ExperimentText {
    let bytes = Array("This experiment needs no text.".utf8)
    return try ExperimentText(SourceText(bytes, name: "no text"), vocabulary: 256)
  }

  /// Learns a vocabulary of a text. Throws where there is too little text for it.
  public init(_ text: SourceText, vocabulary: Int, labelled: LabelledText? = nil) throws {
    self.labelled = labelled
    encoder = nil
    corpus = try Corpus(text, vocabulary: vocabulary)
    fingerprint = FNVHash.digits(text.training + [0xFF] + text.validation)
  }
}
