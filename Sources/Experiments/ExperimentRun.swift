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

/// One training run of an experiment, with everything that determines its numbers.
public struct ExperimentRun: Sendable {
  /// The settings.
  public let configuration: TrainingConfiguration
  /// The name of its record, a hash of everything that determines its numbers.
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
    if variant.task == .continuedPretraining, let language = text.language {
      configuration = try TrainingConfiguration(
        model: language.configuration, named: language.configuration.modelType,
        weights: language.weights, method: variant.method,
        options: variant.method.fineTuning(
          variant.options, hiddenSize: language.configuration.hiddenSize),
        steps: steps, batchSize: scale.batchSize, sequence: scale.sequence,
        learningRate: learningRate, seed: seed, evaluationInterval: steps,
        validationTokens: min(scale.validationTokens ?? .max, LanguageText.knownTokens))
      task = .continuedPretraining
      var identity = Identity(
        configuration, model: language.configuration, text: language.fingerprint)
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

  /// Labelled lines per step, as in the paper's runs on GLUE.
  private static let labelledBatchSize = 32

  /// The run that makes the model to be fine-tuned.
  private static func base(_ scale: ExperimentScale, _ text: ExperimentText) throws(InputError)
    -> ExperimentRun
  {
    try ExperimentRun(
      Variant(.full), learningRate: 0.001, seed: scale.seeds.first ?? 0, scale: scale, text: text)
  }

  /// What determines a run's numbers. It holds the resolved settings rather than the method's name and
  /// options, so that changed defaults make different runs.
  private struct Identity: Encodable {
    /// To be increased when the same settings start to give different numbers.
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
    /// Set if the run is measured on some of the tokens.
    var validationTokens: Int?
    /// Set if the run starts from another run's model.
    var task: Variant.Task?
    var base: String?
    /// Set if the run learns labelled lines.
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

  /// A parameterisation in the form that the names of records are derived from.
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

  /// Trains and returns the record; `progress` receives each step and returns whether to continue.
  ///
  /// The validation loss of a run that diverges is NaN. Returns nil if the run was stopped.
  ///
  /// - Parameter folder: The folder of models to be fine-tuned, which are trained first if missing.
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
      if task == .continuedPretraining, let language = text.language {
        let trainer = try language.trainer(configuration)
        guard try await take(trainer, progress: progress) else { return nil }
        var record = trainer.finish()
        record.knownLoss = trainer.model.meanLoss(over: language.known)
        return record
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

  /// Takes all steps; returns false if `progress` stopped it.
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
  /// Whether two runs have the same numbers.
  public static func == (a: Self, b: Self) -> Bool { a.key == b.key }

  /// Hashes the key.
  public func hash(into hasher: inout Hasher) { hasher.combine(key) }
}

/// A text with the vocabulary learnt from it, shared by all runs of an experiment.
public struct ExperimentText: Sendable {
  /// The tokens.
  public let corpus: Corpus
  /// The data for fine-tuning; passages of the text when left out.
  public let labelled: LabelledText?
  /// The encoder that learns labels, and its texts; nil where none does.
  public let encoder: EncoderText?
  /// The model that goes on with a text; nil where none does.
  public let language: LanguageText?
  /// Tells texts apart.
  let fingerprint: String

  /// What an encoder learns, without a text for a language model.
  public init(_ encoder: EncoderText) throws {
    self.encoder = encoder
    labelled = nil
    language = nil
    corpus = try Corpus(
      SourceText(Array("No text is needed.".utf8), name: encoder.data.name), vocabulary: 256)
    fingerprint = encoder.fingerprint
  }

  /// What a trained model goes on with.
  public init(_ language: LanguageText) {
    self.language = language
    labelled = nil
    encoder = nil
    corpus = language.corpus
    fingerprint = language.fingerprint
  }

  /// The place of a text where none is needed.
  public static func placeholder() throws -> ExperimentText {
    let bytes = Array("This experiment needs no text.".utf8)
    return try ExperimentText(SourceText(bytes, name: "no text"), vocabulary: 256)
  }

  /// Learns a vocabulary from a text. Throws if the text is too short.
  public init(_ text: SourceText, vocabulary: Int, labelled: LabelledText? = nil) throws {
    self.labelled = labelled
    encoder = nil
    language = nil
    corpus = try Corpus(text, vocabulary: vocabulary)
    fingerprint = FNVHash.digits(text.training + [0xFF] + text.validation)
  }
}
