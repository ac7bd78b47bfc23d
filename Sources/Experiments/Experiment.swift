public import Training

/// A question about methods, the runs that answer it, and the comparisons between them.
///
/// Each experiment is a constant in an extension in its own file; `allCases` lists them. Runs are paired:
/// variants with the same seed start from the same weights, as far as they have them in common, and see
/// the same text in the same order.
public struct Experiment: Sendable {
  /// The name on the command line.
  public let name: String
  /// The title.
  public let title: String
  /// The question, in a sentence or two.
  public let question: String
  /// The variants to compare, most important first, which is the order of the runs.
  let variants: @Sendable (ExperimentScale) -> [Variant]
  /// The name of the variant that all others are compared with.
  let reference: String
  /// The title of the axis along which variants are placed.
  let axis: String
  /// The claims that the runs test.
  let claims: [Claim]
  /// Computes findings besides the losses of the runs.
  let findings: @Sendable (ExperimentResults, ExperimentText) throws -> [Finding]

  init(
    _ name: String, _ title: String, question: String, reference: String = "", axis: String = "",
    claims: [Claim] = [],
    variants: @escaping @Sendable (ExperimentScale) -> [Variant] = { _ in [] },
    findings: @escaping @Sendable (ExperimentResults, ExperimentText) throws -> [Finding] = {
      _, _ in []
    }
  ) {
    self.findings = findings
    self.name = name
    self.title = title
    self.question = question
    self.reference = reference
    self.axis = axis
    self.claims = claims
    self.variants = variants
  }

  /// Every experiment.
  public static let allCases: [Experiment] = [
    .ordering, .ablation, .improvements, .merging, .intervals, .ranks, .projectors, .erasure,
    .states,
    .memory, .fineTune, .classify, .language,
  ]

  private func has(_ task: Variant.Task) -> Bool { variants(.quick).contains { $0.task == task } }

  /// Whether it trains language models, and so needs a text.
  public var needsText: Bool {
    has(.pretraining) || has(.fineTuning) || needsModel
  }

  /// Whether it goes on with a trained language model, and so needs one and a text in what it knows.
  public var needsModel: Bool { has(.continuedPretraining) }

  /// Whether it trains an encoder on labels, and so needs both.
  public var needsEncoder: Bool { has(.classification) }

  /// Whether it trains classifiers, and so accepts a labelled text.
  public var takesLabels: Bool { has(.fineTuning) || has(.classification) }

  /// The experiment with a name.
  public init?(named name: String) {
    guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }
}

/// A method with its settings, as one of the variants that an experiment compares.
public struct Variant: Sendable, Hashable {
  /// The learning rates to try.
  public enum Rates: Sendable, Hashable {
    /// Half, once and twice this rate with the first seed, and further while the best rate is at the
    /// edge; all seeds then use the best.
    case swept(around: Double)
    /// The best rate of another variant.
    case best(of: String)
    /// This rate, for runs that do not compare losses.
    case fixed(Double)
  }

  /// The name in tables and files.
  public var name: String
  /// The method.
  public var method: TrainingMethod
  /// The options of the method.
  public var options: MethodOptions
  /// Steps; those of the scale when left out.
  public var steps: Int?
  /// The learning rates to try.
  public var rates: Rates
  /// The task to learn.
  public var task = Task.pretraining
  /// The position among the variants in an experiment that is drawn as lines.
  public var place: Place?

  /// A position on the line of a family of variants that differ in a number.
  public struct Place: Sendable, Hashable {
    /// The name of the family's line.
    public var family: String
    /// The positive number, whose meaning is the experiment's `axis`.
    public var number: Double
  }

  /// The task of a run.
  public enum Task: String, Sendable, Hashable, Codable {
    /// Learning the text, from a random start.
    case pretraining
    /// Classifying passages, from a model that has learnt the text.
    case fineTuning = "fine-tuning"
    /// To tell labels, by an encoder.
    case classification
    /// Learning the text, from a trained model.
    case continuedPretraining = "continued-pretraining"
  }

  /// A method under its own name, with learning rates around its default.
  public init(
    _ method: TrainingMethod, named name: String? = nil, steps: Int? = nil, rates: Rates? = nil,
    _ change: (inout MethodOptions) -> Void = { _ in }
  ) {
    self.name = name ?? method.name
    self.method = method
    options = MethodOptions()
    self.steps = steps
    self.rates = rates ?? .swept(around: method.defaults.learningRate)
    change(&options)
  }
}

/// The size of an experiment's runs.
public struct ExperimentScale: Sendable, Hashable {
  /// The preset of the model.
  public var preset: String
  /// Tokens of the vocabulary.
  public var vocabulary: Int
  /// Steps of a run.
  public var steps: Int
  /// Sequences per step.
  public var batchSize: Int
  /// Tokens per sequence.
  public var sequence: Int
  /// The seeds; sweeps use the first one.
  public var seeds: [UInt64]
  /// The learning rate of embedding, head and norms, which is the same in all runs so that methods differ
  /// only in the linear layers; nil for that of the linear layers.
  public var restLearningRate: Double?
  /// The number of validation tokens to measure on; nil for all.
  public var validationTokens: Int?

  /// The scale of results to rely on, which takes a night.
  public static let full = ExperimentScale(
    preset: "9m", vocabulary: 4_096, steps: 1_000, batchSize: 4, sequence: 128, seeds: [0, 1, 2],
    restLearningRate: 0.01)
  /// The scale to try an experiment out, which takes five minutes.
  public static let quick = ExperimentScale(
    preset: "9m", vocabulary: 512, steps: 50, batchSize: 4, sequence: 64, seeds: [0, 1],
    restLearningRate: 0.01, validationTokens: 1 << 15)
}
