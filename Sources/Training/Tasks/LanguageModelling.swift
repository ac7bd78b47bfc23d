public import Autodiff
internal import Foundation
public import LanguageModels
public import Layers
internal import TensorFiles
internal import Tensors
internal import Tokenization

/// Learning to predict each token of a text from those before it.
public final class LanguageModelling: TrainingTask {
  /// The model.
  public let model: any LanguageModel
  /// The text.
  public let corpus: Corpus
  private let configuration: TrainingConfiguration
  private var sampler: BatchSampler
  private let evaluationWindows: EvaluationWindows
  private let validationWindows: EvaluationWindows

  /// The task of a run. Its model is made by `makeModel`, or when left out by the configuration, at
  /// random or from its `weights`.
  ///
  /// Throws an `InputError` if the text does not fill one batch, and whatever making the model throws.
  ///
  /// - Parameters:
  ///   - configuration: Sized for the corpus.
  ///   - corpus: The text.
  ///   - makeModel: Makes a model to use instead of the configuration's.
  public init(
    _ configuration: TrainingConfiguration, corpus: Corpus,
    makeModel: ((any ModelConfiguration, LayerBuilder) throws -> any LanguageModel)? = nil
  ) throws {
    sampler = try BatchSampler(
      corpus.training, batchSize: configuration.batchSize, sequence: configuration.sequence,
      seed: configuration.seed)
    guard corpus.validation.tokens.count > 1 else {
      throw InputError(
        "\(corpus.name) is too short to keep a part for validation. Give a longer text.")
    }
    self.configuration = configuration
    self.corpus = corpus
    let memory = configuration.memory
    let builder = configuration.plan.builder(seed: configuration.seed, storage: memory.storage)
    var model =
      try makeModel.map { try $0(configuration.model, builder) }
      ?? configuration.weights.map { folder in
        try configuration.model.makeModel(startingFrom: folder, using: builder)
      } ?? configuration.model.makeModel(using: builder)
    model.recomputesBlocks = memory.checkpointsActivations
    model.embedding.weight.isTrainable = configuration.plan.trainsEmbedding
    model.head?.weight.isTrainable = configuration.plan.trainsHead
    self.model = model
    let (sequence, batchSize) = (configuration.sequence, configuration.batchSize)
    let isSilent = configuration.validationTokens == 0
    evaluationWindows = .spread(
      isSilent ? 0 : configuration.evaluationWindows, over: corpus.validation,
      sequence: sequence, batchSize: batchSize)
    validationWindows =
      configuration.validationTokens.map {
        .spread(
          ($0 + sequence - 1) / sequence, over: corpus.validation, sequence: sequence,
          batchSize: batchSize)
      } ?? .all(of: corpus.validation, sequence: sequence, batchSize: batchSize)
  }

  /// The model.
  public var module: any Module { model }
  /// The name of the text.
  public var source: String { corpus.name }
  /// Notices about the text.
  public var notices: [String] { corpus.notices }
  /// Tokens per step.
  public var tokensPerStep: Int { configuration.tokensPerStep }

  /// The losses of windows of the text, which the seed and the step determine.
  public func losses(of step: Int, isMerge: Bool) -> [() -> Variable] {
    let size = isMerge ? configuration.mergeBatchSize : configuration.batchSize
    let parts = sampler.batch(step: step, size: size).split(into: configuration.microBatches)
    return parts.map { part in
      { [model] in model.loss(tokens: part.inputs, labels: part.labels) }
    }
  }

  private func windows(of evaluation: TaskEvaluation) -> EvaluationWindows {
    evaluation == .interim ? evaluationWindows : validationWindows
  }

  /// The number of windows of the validation text.
  public func size(of evaluation: TaskEvaluation) -> Int {
    windows(of: evaluation).windowCount
  }

  /// The mean loss over windows of the validation text, nats per token.
  public func measure(_ evaluation: TaskEvaluation) -> Double {
    model.meanLoss(over: windows(of: evaluation))
  }

  /// Adds bits per byte and sample continuations.
  public func complete(_ record: inout RunRecord) {
    record.bitsPerByte =
      record.validationLoss * Double(validationWindows.tokenCount)
      / validationWindows.byteCount / log(2)
    record.samples = samples()
  }

  /// Continuations of lines from the validation text.
  private func samples() -> [RunRecord.Sample] {
    var random = RandomSource(seed: configuration.seed).split("samples")
    return corpus.prompts(3).compactMap { prompt in
      let tokens = corpus.tokenizer.encode(prompt)
      guard !tokens.isEmpty else { return nil }
      let continuation = model.generate(
        prompt: tokens, count: 48, temperature: 0.8, topK: 40, random: &random)
      return RunRecord.Sample(
        prompt: prompt, continuation: corpus.tokenizer.decode(continuation))
    }
  }
}

/// A trainer of a language model.
public typealias LanguageModelTrainer = Trainer<LanguageModelling>

extension Trainer where Task == LanguageModelling {
  /// A run that has not started.
  ///
  /// Throws an `InputError` if the text does not fill one batch or has tokens that a trained model
  /// lacks, and a `TensorFileError` if that model cannot be read.
  ///
  /// - Parameters:
  ///   - configuration: The settings.
  ///   - corpus: The text.
  ///   - start: When the user started the run, for its wall time.
  ///   - makeModel: Makes a model to use instead of the configuration's.
  public convenience init(
    _ configuration: TrainingConfiguration, corpus: Corpus,
    start: ContinuousClock.Instant = ContinuousClock().now,
    makeModel: ((any ModelConfiguration, LayerBuilder) throws -> any LanguageModel)? = nil
  ) throws {
    let configuration = try configuration.sized(for: corpus)
    self.init(
      configuration,
      task: try LanguageModelling(configuration, corpus: corpus, makeModel: makeModel),
      start: start)
  }

  /// The model.
  public var model: any LanguageModel { task.model }
  /// The text.
  public var corpus: Corpus { task.corpus }
}

extension LanguageModel {
  /// The mean negative log-likelihood of windows of text, nats per token.
  public func meanLoss(over windows: EvaluationWindows) -> Double {
    withoutGradient {
      var sum = 0.0
      for batch in windows.batches {
        sum += loss(tokens: batch.inputs, labels: batch.labels).scalar * Double(batch.tokenCount)
      }
      return sum / Double(max(1, windows.tokenCount))
    }
  }
}
