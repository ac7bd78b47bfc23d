public import Optimizers
public import Quantization
public import Stepping

/// The options of methods; those left out have defaults that depend on the method.
public struct MethodOptions: Sendable, Hashable, Codable {
  /// The options by their names on the command line.
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
    case layers, survival, arithmetic
    case keepOriginal = "keep-original"

    /// The options that have an effect on every method.
    static let common: Set<Name> = [
      .restOptimizer, .restLearningRate, .freezeEmbedding, .freezeHead, .layers, .arithmetic,
    ]
  }

  /// How the gaps between merges grow.
  public enum MergeGrowth: String, Sendable, Hashable, Codable, CaseIterable {
    /// By floor(growth^k), as in the paper.
    case exponential
    /// By floor(growth * k).
    case linear
    /// Not at all.
    case `static`
    /// By a constant factor, so that a given number of merges fills the run.
    case geometric
  }

  /// The rank r of low-rank methods.
  public var rank: RankRule?
  /// The side of the matrices that projections apply to.
  public var side: SideRule?
  /// The scale s of low-rank methods.
  public var scale: Double?
  /// The optimizer of the trained parameters of the linear layers.
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
  /// The alternations of LoftQ's initialisation.
  public var alternations: Int?
  /// The share of the optimizer's state that ReLoRA prunes at a merge.
  public var pruning: Double?

  /// The number of merges of a geometric schedule.
  public var merges: Int?
  /// The longest gap.
  public var longestGap: Int?
  /// How projections are stored.
  public var projectionFormat: WeightFormat?
  /// How projections are found.
  public var projector: Projector?
  /// Which gradient projections are taken from when a step has several micro-batches.
  public var window: ProjectionWindow?
  /// What happens to the optimizer's state when a projection is replaced.
  public var stateRule: StateRule?
  /// The share of its weights below which a layer's update is not merged yet.
  public var postponing: Double?
  /// Whether W is rounded at random at a merge.
  public var stochasticRounding: Bool?
  /// The optimizer of embedding, head and norms.
  public var restOptimizer: OptimizerKind?
  /// The highest learning rate of embedding, head and norms; that of the linear layers when left out.
  public var restLearningRate: Double?
  /// Whether the embedding is frozen.
  public var freezeEmbedding: Bool?
  /// Whether the head is frozen.
  public var freezeHead: Bool?

  /// Whether a merge reports what share of the update survived it, for which each layer may hold a copy
  /// of B.
  public var survival: Bool?
  /// Whether each layer holds its initial matrix in full precision until its first merge, so that
  /// compensation can work on its quantisation error.
  public var keepOriginal: Bool?
  /// The linear layers that the method applies to, by their names in a block; the others are dense.
  public var layers: [String]?
  /// What products with packed matrices are computed in; floats when left out.
  public var arithmetic: Arithmetic?

  /// How projections are found.
  public enum Projector: String, Sendable, Hashable, Codable, CaseIterable {
    /// Whichever of the others takes fewer operations.
    case automatic
    /// LAPACK's singular value decomposition of the gradient.
    case exact
    /// Eigenvectors of its Gram matrix.
    case gram
    /// A random sample of its columns, refined by power iterations.
    case randomized
  }

  /// No options set.
  public init() {}

  /// The options that are set.
  package var given: Set<Name> {
    let set = Mirror(reflecting: self).children.filter {
      Mirror(reflecting: $0.value).children.first != nil
    }
    return Set(set.compactMap { $0.label.flatMap(Name.init(property:)) })
  }
}

extension MethodOptions.Name {
  /// The name of the option held by a property: its words in lower case, joined by hyphens.
  init?(property: String) {
    let words = property.reduce(into: "") { text, letter in
      text += letter.isUppercase ? "-" + letter.lowercased() : String(letter)
    }
    self.init(rawValue: words)
  }
}
