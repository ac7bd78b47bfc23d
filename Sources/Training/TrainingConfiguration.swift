public import LanguageModels
internal import Layers
public import Optimizers
internal import Tokenization

/// Everything that determines a training run besides its text. Settings left out get defaults that
/// suit the method and the length of the run.
public struct TrainingConfiguration: Sendable {
  /// The model; its vocabulary is set to the tokenizer's.
  public var model: any ModelConfiguration
  /// The model's name, as shown to users.
  public let modelName: String
  /// The folder of a trained model to start from; nil for a random start.
  public let weights: String?
  /// How the linear layers are trained.
  public let method: TrainingMethod
  /// Steps of the run.
  public let steps: Int
  /// Sequences per step.
  public let batchSize: Int
  /// Parts that a step's sequences are run in, one after the other, with gradients added.
  public let microBatches: Int
  /// Sequences of a step that merges: more tokens determine more directions of a projection.
  public let mergeBatchSize: Int
  /// Tokens per sequence.
  public let sequence: Int
  /// The fewest rows of embedding and head; rows beyond the tokenizer's tokens are unused.
  public let vocabulary: Int
  /// How the run trades memory for time and precision.
  public let memory: MemoryOptions
  /// Tokens of the validation text to measure on at the end; nil for all, 0 to skip all measuring and
  /// samples.
  public let validationTokens: Int?
  /// The options given for the method.
  public let options: MethodOptions
  /// The method and its options resolved for this model and number of steps.
  public let plan: MethodPlan
  /// The highest learning rate; when left out the method's default, or a tenth of it for a trained model.
  public let learningRate: Double
  /// How the learning rate continues from there.
  public let schedule: ScheduleRule
  /// The seed of initial values, batches and samples.
  public let seed: UInt64
  /// Steps between interim evaluations on part of the validation text.
  public let evaluationInterval: Int
  /// Validation windows per interim evaluation.
  public let evaluationWindows: Int
  /// What the user should know about these settings.
  public let notices: [String]

  /// Checked settings.
  ///
  /// Throws an `InputError` that names the setting, what is wrong with it, and what to give instead.
  public init(
    model: any ModelConfiguration, named modelName: String = "custom", weights: String? = nil,
    method: TrainingMethod = .loqt, options: MethodOptions = MethodOptions(), steps: Int? = nil,
    batchSize: Int? = nil,
    microBatches: Int? = nil, mergeBatchSize: Int? = nil, sequence: Int? = nil,
    vocabulary: Int? = nil, memory: MemoryOptions = MemoryOptions(), learningRate: Double? = nil,
    schedule: ScheduleRule = .cosine,
    seed: UInt64 = 0, evaluationInterval: Int? = nil, validationTokens: Int? = nil
  ) throws(InputError) {
    self.modelName = modelName
    self.weights = weights
    self.method = method
    self.options = options
    self.steps = try checkedCount(steps ?? 1_000, "--steps", in: 1...1 << 31)
    self.batchSize = try checkedCount(batchSize ?? 16, "--batch", in: 1...1 << 31)
    self.microBatches = try checkedCount(
      microBatches ?? 1, "--micro-batches", in: 1...self.batchSize, usual: 1)
    guard self.batchSize % self.microBatches == 0 else {
      throw InputError(
        "--batch \(self.batchSize) is not a multiple of --micro-batches \(self.microBatches). Give one "
          + "that is.")
    }
    self.mergeBatchSize = try checkedCount(
      mergeBatchSize ?? self.batchSize, "--merge-batch", in: 1...1 << 31)
    guard self.mergeBatchSize % self.microBatches == 0 else {
      throw InputError(
        "--merge-batch \(self.mergeBatchSize) is not a multiple of --micro-batches "
          + "\(self.microBatches). Give one that is.")
    }
    self.vocabulary = try checkedCount(vocabulary ?? 0, "--model-vocabulary", in: 0...1 << 24)
    self.memory = memory
    try memory.check(microBatches: self.microBatches)
    self.validationTokens = try validationTokens.map { tokens throws(InputError) in
      try checkedCount(tokens, "--validation-tokens", in: 0...1 << 40)
    }
    self.sequence = try checkedCount(
      sequence ?? (weights == nil ? 128 : min(128, model.maxPositions)), "--sequence",
      in: 1...1 << 20)
    guard max(self.batchSize, self.mergeBatchSize) <= Int(Int32.max) / self.sequence else {
      throw InputError("--batch times --sequence exceeds any memory. Give smaller ones.")
    }
    guard weights == nil || self.sequence <= model.maxPositions else {
      throw InputError(
        "--sequence \(self.sequence) is longer than the \(model.maxPositions) positions that the trained "
          + "model was made for. Give at most \(model.maxPositions).")
    }
    var model = model
    model.maxPositions = max(model.maxPositions, self.sequence)
    self.model = model
    guard weights == nil || self.vocabulary == 0 || self.vocabulary == model.vocabularySize else {
      throw InputError(
        "The trained model has \(model.vocabularySize) rows for tokens, not \(self.vocabulary). Leave "
          + "--model-vocabulary out.")
    }
    var plan = try method.plan(options, model: model, steps: self.steps)
    plan.readsOriginals = weights != nil
    self.plan = plan
    self.learningRate = try checkedPositive(
      learningRate ?? method.defaults.learningRate * (weights == nil ? 1 : Self.continuedShare),
      "--learning-rate", such: "0.01")
    self.schedule = schedule
    self.seed = seed
    self.evaluationInterval = try checkedCount(
      evaluationInterval ?? max(1, self.steps / 10), "the evaluation interval", in: 1...1 << 31)
    evaluationWindows = 64
    notices = Self.notices(plan, options, method, model)
  }

  /// The share of the method's default learning rate that is the default for a trained model.
  static let continuedShare = 0.1

  /// These settings with as many rows of embedding and head as the corpus needs, and at least
  /// `vocabulary`.
  ///
  /// Throws an `InputError` if a trained model has fewer.
  public func sized(for corpus: Corpus) throws(InputError) -> TrainingConfiguration {
    if weights != nil {
      guard corpus.tokenizer.vocabularySize <= model.vocabularySize else {
        throw InputError(
          "The tokenizer has \(corpus.tokenizer.vocabularySize) tokens, more than the "
            + "\(model.vocabularySize) rows of the trained model's embedding. Give the folder with the "
            + "tokenizer.json that belongs to it, or fewer tokens with --vocabulary.")
      }
      return self
    }
    var configuration = self
    configuration.model.vocabularySize = max(corpus.tokenizer.vocabularySize, vocabulary)
    return configuration
  }

  /// The model of a preset. Throws an error that lists all presets if there is none of the name.
  public static func model(preset name: String) throws(InputError) -> LlamaConfiguration {
    if let model = LlamaConfiguration.preset(name) { return model }
    let names = LlamaConfiguration.presets.map(\.name).joined(separator: ", ")
    throw InputError("There is no preset '\(name)'. Choose one of \(names).")
  }

  /// Tokens per step.
  public var tokensPerStep: Int { batchSize * sequence }

  /// Rank, scale and arithmetic as text to follow the name of the method; empty if there are none and
  /// products are computed in floats.
  public var planText: String {
    plan.settings.filter { ["rank", "scale", "arithmetic"].contains($0.0) }
      .map { ", \($0.0) \($0.1)" }.joined()
  }

  /// The settings worth showing, in order.
  package var settings: [RunRecord.Setting] {
    let rows = [
      ("model", modelName), ("method", method.name),
      ("steps", "\(steps)"), ("sequences per step", "\(batchSize)"),
      ("tokens per sequence", "\(sequence)"),
      ("learning rate", "\(learningRate)"), ("seed", "\(seed)"),
    ]
    let shape = schedule.name == ScheduleRule.cosine.name ? [] : [("schedule", schedule.name)]
    let start = weights.map { [("trained model", $0)] } ?? []
    return (rows + shape + start + plan.settings + memory.settings).map {
      RunRecord.Setting(name: $0.0, value: $0.1)
    }
  }

  private static func notices(
    _ plan: MethodPlan, _ options: MethodOptions, _ method: TrainingMethod,
    _ model: any ModelConfiguration
  ) -> [String] {
    var notices: [String] = []
    if case .count(let rank)? = plan.rank {
      let clamped = model.linearShapes.filter { min($0.out, $0.in) < rank }
      if let smallest = clamped.map({ min($0.out, $0.in) }).min() {
        notices.append(
          "Rank \(rank) is above the smaller side of \(clamped.count) layers, which use theirs "
            + "(\(smallest) at the least).")
      }
    }
    for option in MethodOptions.Name.allCases
    where options.given.contains(option) && !method.uses(option) {
      notices.append("--\(option.rawValue) has no effect on method \(method.name).")
    }
    return notices
  }
}

extension TrainingConfiguration {
  /// The shape of a step's batches.
  public var batchShape: BatchShape {
    BatchShape(
      batch: batchSize / microBatches, mergeBatch: mergeBatchSize / microBatches,
      sequence: sequence, microBatches: microBatches)
  }

  /// The matrix products of an ordinary step.
  public var stepProducts: StepProducts {
    StepProducts(
      model, plan, tokens: tokensPerStep, sequence: sequence,
      recomputesBlocks: memory.checkpointsActivations)
  }
}
