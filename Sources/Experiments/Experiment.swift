public import Training

/// A question about methods as a value: which runs answer it, and what is compared with what.
///
/// An experiment lives in a file of its own, which extends this type by a constant; `allCases` lists
/// them. Runs are paired: variants with the same seed start from the same weights, where they have
/// the same ones, and see the same text in the same order.
public struct Experiment: Sendable {
  /// The name on the command line.
  public let name: String
  /// The name as people write it.
  public let title: String
  /// What it asks, as a sentence or two.
  public let question: String
  /// What is compared, the most important first: runs are made in this order.
  let variants: @Sendable (ExperimentScale) -> [Variant]
  /// The name of the variant that all others are compared with.
  let reference: String
  /// What the numbers are that its variants have a place at, as the title of an axis.
  let axis: String
  /// What the runs are held against.
  let claims: [Claim]
  /// What is found besides the losses of the runs.
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
    .memory, .fineTune, .classify,
  ]

  private func has(_ task: Variant.Task) -> Bool { variants(.quick).contains { $0.task == task } }

  /// Whether it trains language models, and so needs a text.
  public var needsText: Bool { has(.pretraining) || has(.fineTuning) }

  /// Whether it trains an encoder on labels, and so needs both.
  public var needsEncoder: Bool { has(.classification) }

  /// Whether it learns classes, and so takes a labelled text.
  public var takesLabels: Bool { has(.fineTuning) || has(.classification) }

  /// The experiment of a name.
  public init?(named name: String) {
    guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = found
  }
}

/// One of the things that an experiment compares: a method with its settings.
public struct Variant: Sendable, Hashable {
  /// Which learning rates are tried.
  public enum Rates: Sendable, Hashable {
    /// Half, once and twice this one with the first seed, and further while the best one is at the
    /// edge; all seeds then have the best.
    case swept(around: Double)
    /// The best one of another variant.
    case best(of: String)
    /// This one: for what is no comparison of losses.
    case fixed(Double)
  }

  /// The name in tables and files.
  public var name: String
  /// The method.
  public var method: TrainingMethod
  /// What is set about it.
  public var options: MethodOptions
  /// Steps; those of the scale when left out.
  public var steps: Int?
  /// Which learning rates are tried.
  public var rates: Rates
  /// What is learnt.
  public var task = Task.pretraining
  /// Where it stands among the others, of an experiment that is drawn as lines.
  public var place: Place?

  /// A number and the variants that differ from this one by it.
  public struct Place: Sendable, Hashable {
    /// The name of the line that joins them.
    public var family: String
    /// The number, above zero: the experiment says what of.
    public var number: Double
  }

  /// What a run learns.
  public enum Task: String, Sendable, Hashable, Codable {
    /// The text, from a random start.
    case pretraining
    /// To tell classes of passages, from a model that learnt the text.
    case fineTuning = "fine-tuning"
    /// To tell labels, by an encoder.
    case classification
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

/// How large the runs of an experiment are.
public struct ExperimentScale: Sendable, Hashable {
  /// The preset of the model.
  public var preset: String
  /// Tokens of the vocabulary.
  public var vocabulary: Int
  /// Steps of a run.
  public var steps: Int
  /// Sequences a step.
  public var batchSize: Int
  /// Tokens a sequence.
  public var sequence: Int
  /// The seeds; the first is that of the sweeps.
  public var seeds: [UInt64]
  /// The learning rate of embedding, head and norms, the same in all runs, so that methods differ by
  /// the linear layers alone; nil for that of the linear layers.
  public var restLearningRate: Double?
  /// How many of the tokens kept for measuring are measured on; nil for all.
  public var validationTokens: Int?

  /// The setting for a night: what is to be believed.
  public static let full = ExperimentScale(
    preset: "9m", vocabulary: 4_096, steps: 1_000, batchSize: 4, sequence: 128, seeds: [0, 1, 2],
    restLearningRate: 0.01)
  /// The setting for five minutes: what an experiment looks like.
  public static let quick = ExperimentScale(
    preset: "9m", vocabulary: 512, steps: 50, batchSize: 4, sequence: 64, seeds: [0, 1],
    restLearningRate: 0.01, validationTokens: 1 << 15)
}
