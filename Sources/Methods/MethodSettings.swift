public import LanguageModels
internal import Layers
public import Optimizers
public import Quantization
public import Stepping
package import Tensors

/// The options of a method with everything filled in and checked: what a method makes its plan of.
public struct MethodSettings: Sendable {
  /// r.
  public let rank: RankRule
  /// The side of projections.
  public let side: SideRule
  /// s.
  public let scale: Float
  /// What moves the trained parameters of the linear layers.
  public let optimizer: OptimizerKind
  /// Steps before the second merge or projection.
  public let gap: Int
  /// When updates are merged or projections taken.
  public let schedule: MergeSchedule
  /// How matrices are stored, where it was said.
  public let weightFormat: WeightFormat?
  /// The format as one that matrices can be trained in; nil for floats.
  public var packing: WeightFormat? {
    weightFormat == .float32 ? nil : weightFormat
  }
  /// C, the alternations of error compensation.
  public let compensation: Int
  /// The alternations of LoftQ's start.
  public let alternations: Int
  /// The share of the optimizer's state that a merge prunes.
  public let pruning: Double
  /// How projections are stored, where it was said.
  public let projectionFormat: WeightFormat?
  /// How projections are found.
  public let projector: GradientProjector
  /// Which gradient projections are taken from when a step has several micro-batches.
  public let window: ProjectionWindow
  /// What becomes of the optimizer's state with a new projection, where it was said.
  public let stateRule: StateRule?
  /// Merges are left out while a layer's update is below this share of its weights.
  public let postponing: Double
  /// Whether matrices are rounded at random at a merge.
  public let roundsStochastically: Bool
  /// What moves embedding, head and norms, where it was said.
  public let restOptimizer: OptimizerKind?
  /// Their highest learning rate, where it was said.
  public let restLearningRate: Double?
  /// Whether the embedding is trained.
  public let trainsEmbedding: Bool
  /// Whether the head is trained.
  public let trainsHead: Bool
  /// Which linear layers the method holds, where not all.
  public let choice: MethodPlan.LayerChoice?
  /// Whether merges report which share of an update survived.
  public let recordsSurvival: Bool
  /// Whether layers keep their initial matrix until the first merge.
  public let keepsOriginal: Bool

  /// Throws an `InputError` that names the option, what is wrong with it, and what to give instead.
  public init(
    _ options: MethodOptions, of method: TrainingMethod, model: any ModelConfiguration, steps: Int
  ) throws(InputError) {
    rank = try Self.rank(options.rank, model)
    side = options.side ?? .smaller
    scale = Float(
      try positive(options.scale ?? method.defaults.scale, "--scale", such: "0.5"))
    optimizer = options.optimizer ?? method.defaults.optimizer
    gap = try Self.gap(options.mergeGap, method, steps: steps)
    let kind =
      options.mergeSchedule
      ?? (options.merges == nil ? method.defaults.mergeSchedule : .geometric)
    let growth = try positive(
      options.mergeGrowth ?? (kind == .geometric ? 1.6 : 1.2), "--merge-growth", such: "1.2")
    let merges = try count(
      options.merges ?? min(6, steps), "--merges", in: 0...steps, usual: min(6, steps))
    let longest = try options.longestGap.map {
      gap throws(InputError) in try count(gap, "--longest-gap", in: 1...1 << 31)
    }
    schedule =
      switch kind {
      case .exponential: .exponential(every: gap, growth: growth, longestGap: longest)
      case .linear: .linear(every: gap, growth: growth, longestGap: longest)
      case .static: .static(every: min(gap, longest ?? gap))
      case .geometric:
        .geometric(merges: merges, fillingSteps: steps, ratio: growth, longestGap: longest)
      }
    projectionFormat = options.projectionFormat
    projector = GradientProjector(method: (options.projector ?? .automatic).method)
    window = options.window ?? .sketch
    stateRule = options.stateRule
    postponing = options.postponing ?? 0
    guard (0..<1).contains(postponing) else {
      throw InputError(
        "--postponing \(postponing) is not a share from 0 to below 1. Give one such as 0.05.")
    }
    roundsStochastically = options.stochasticRounding ?? false
    let known = model.linearNames
    let layers = Set(options.layers ?? known)
    if let name = layers.subtracting(known).min() {
      throw InputError(
        "--layers: there is no linear layer '\(name)'. Choose among \(known.joined(separator: ", "))."
      )
    }
    guard !layers.isEmpty else {
      throw InputError("--layers names no layer. Leave it out for all.")
    }
    choice = layers.count < known.count ? MethodPlan.LayerChoice(layers, of: known) : nil
    recordsSurvival = options.survival ?? true
    if postponing > 0, !recordsSurvival {
      throw InputError(
        "--postponing measures updates by the copy of B that --no-survival leaves out. Leave one of "
          + "them out.")
    }
    restOptimizer = options.restOptimizer
    restLearningRate = try options.restLearningRate.map { rate throws(InputError) in
      try positive(rate, "--rest-learning-rate", such: "0.003")
    }
    trainsEmbedding = !(options.freezeEmbedding ?? false)
    trainsHead = !(options.freezeHead ?? false)
    weightFormat = options.weightFormat
    compensation = try count(options.compensation ?? 5, "--compensation", in: 0...100, usual: 5)
    // Without compensation W is only rounded at the first merge: it may as well be at once.
    keepsOriginal = options.keepOriginal ?? (compensation > 0)
    alternations = try count(options.alternations ?? 5, "--alternations", in: 1...100, usual: 5)
    pruning = options.pruning ?? 0.9
    guard (0...1).contains(pruning) else {
      throw InputError("--pruning \(pruning) is not a share from 0 to 1. The usual one is 0.9.")
    }
  }

  private static func rank(_ rule: RankRule?, _ model: any ModelConfiguration) throws(InputError)
    -> RankRule
  {
    let largest = model.linearShapes.map { min($0.out, $0.in) }.max() ?? 1
    guard let rule else { return .count(max(1, min(largest, model.hiddenSize / 4))) }
    switch rule {
    case .count(let value):
      guard value >= 1 else {
        throw InputError("--rank \(value) is below 1. Give one from 1 to \(largest).")
      }
      guard value <= largest else {
        throw InputError(
          "--rank \(value) is above the smaller side of every layer of this model. Give one from 1 "
            + "to \(largest).")
      }
    case .fraction(let share):
      guard share > 0, share <= 1 else {
        throw InputError("--rank \(share) is not a share of the smaller side from 0 to 1.")
      }
    case .energy(let lost, let least, let most):
      guard lost > 0, lost < 1, least >= 1, most >= least else {
        throw InputError(
          "--rank energy:\(lost):\(least):\(most) cannot be. Give a share between 0 and 1 and bounds from "
            + "1 on, such as energy:0.04:8:128.")
      }
    }
    return rule
  }

  private static func gap(_ gap: Int?, _ method: TrainingMethod, steps: Int)
    throws(InputError) -> Int
  {
    guard let gap else { return min(method.defaults.longestGap, max(1, steps / 10)) }
    guard gap >= 1 else {
      throw InputError("--merge-gap \(gap) is below 1. Give the steps between two merges.")
    }
    guard gap < steps || !method.uses(.mergeGap) else {
      throw InputError(
        "--merge-gap \(gap) is not shorter than the run of \(steps) steps, so nothing would be "
          + "merged. Give a shorter gap or more --steps.")
    }
    return gap
  }
}

extension MethodOptions.Projector {
  /// The way as numbers.
  package var method: TruncationMethod {
    switch self {
    case .automatic: .automatic
    case .exact: .exact
    case .gram: .gram
    case .randomized: .randomized()
    }
  }
}
