public import Optimizers
public import Quantization
public import Stepping

/// What a person may set about a method; what is left out follows from the method.
public struct MethodOptions: Sendable, Hashable, Codable {
  /// The options by the names they have on the command line.
  public enum Name: String, Sendable, Hashable, Codable, CaseIterable {
    case rank, side, scale, optimizer
    case mergeGap = "merge-gap"
    case mergeSchedule = "merge-schedule"
    case mergeGrowth = "merge-growth"
    case weightFormat = "weight-format"
    case compensation, alternations, pruning
    case merges
    case longestGap = "longest-gap"
    case projectionFormat = "projection-format"
    case projector, window
    case stateRule = "state-rule"
    case postponing
    case stochasticRounding = "stochastic-rounding"
    case restOptimizer = "rest-optimizer"
    case restLearningRate = "rest-learning-rate"
    case freezeEmbedding = "freeze-embedding"
    case freezeHead = "freeze-head"
    case layers, survival
    case keepOriginal = "keep-original"

    /// Those with an effect on every method.
    static let common: Set<Name> = [
      .restOptimizer, .restLearningRate, .freezeEmbedding, .freezeHead, .layers,
    ]
  }

  /// How gaps between merges grow.
  public enum MergeGrowth: String, Sendable, Hashable, Codable, CaseIterable {
    /// By floor(growth^k), the paper's.
    case exponential
    /// By floor(growth * k).
    case linear
    /// Not at all.
    case `static`
    /// By a factor, so that a given number of merges fills the run.
    case geometric
  }

  /// r of the low-rank methods.
  public var rank: RankRule?
  /// The side of projections.
  public var side: SideRule?
  /// s of the low-rank methods.
  public var scale: Double?
  /// What moves the trained parameters of the linear layers.
  public var optimizer: OptimizerKind?
  /// Steps between the first merges or projections.
  public var mergeGap: Int?
  /// How the gaps grow.
  public var mergeSchedule: MergeGrowth?
  /// By how much they grow.
  public var mergeGrowth: Double?
  /// How frozen matrices are stored.
  public var weightFormat: WeightFormat?
  /// C, the alternations of error compensation at a merge of LoQT.
  public var compensation: Int?
  /// The alternations of LoftQ's start.
  public var alternations: Int?
  /// The share of the optimizer's state that ReLoRA prunes at a merge.
  public var pruning: Double?

  /// The number of merges of a geometric schedule.
  public var merges: Int?
  /// No gap is longer.
  public var longestGap: Int?
  /// How projections are stored.
  public var projectionFormat: WeightFormat?
  /// How projections are found.
  public var projector: Projector?
  /// Which gradient projections are taken from when a step has several micro-batches.
  public var window: ProjectionWindow?
  /// What becomes of the optimizer's state when a projection is replaced.
  public var stateRule: StateRule?
  /// Merges are left out while a layer's update is below this share of its weights.
  public var postponing: Double?
  /// Whether W is rounded at random at a merge.
  public var stochasticRounding: Bool?
  /// What moves embedding, head and norms.
  public var restOptimizer: OptimizerKind?
  /// The highest learning rate of embedding, head and norms; that of the linear layers when left out.
  public var restLearningRate: Double?
  /// Whether the embedding stays as it was drawn.
  public var freezeEmbedding: Bool?
  /// Whether the head stays as it was drawn.
  public var freezeHead: Bool?

  /// Whether a merge reports which share of the update survived it, for which each layer may hold a
  /// copy of B.
  public var survival: Bool?
  /// Whether each layer holds its initial matrix in full precision until its first merge, whose
  /// compensation then has its quantisation error to work on.
  public var keepOriginal: Bool?
  /// The linear layers that the method holds, by their names in a block; the others are dense.
  public var layers: [String]?

  /// How projections are found.
  public enum Projector: String, Sendable, Hashable, Codable, CaseIterable {
    /// Whichever of the others takes fewer operations.
    case automatic
    /// LAPACK's decomposition of the gradient.
    case exact
    /// Eigenvectors of its Gram matrix.
    case gram
    /// A random sample of its columns, refined by power iterations.
    case randomized
  }

  /// Nothing set.
  public init() {}

  /// What is set.
  package var given: Set<Name> {
    let set = Mirror(reflecting: self).children.filter {
      Mirror(reflecting: $0.value).children.first != nil
    }
    return Set(set.compactMap { $0.label.flatMap(Name.init(property:)) })
  }
}

extension MethodOptions.Name {
  /// The name of a property: its words with hyphens between.
  init?(property: String) {
    let words = property.reduce(into: "") { text, letter in
      text += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
    }
    self.init(rawValue: words)
  }
}
