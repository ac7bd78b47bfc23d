public import LanguageModels
internal import Layers
public import Optimizers
public import Quantization
internal import Stepping
package import Tensors

/// The settings common to methods, with defaults filled in and checked: rank, scale, schedule, optimizer.
/// Options of a single method are read from `options` and checked in the method's own file.
public struct MethodSettings: Sendable {
  /// The given options.
  public let options: MethodOptions
  /// The rank r.
  public let rank: RankRule
  /// The scale s.
  public let scale: Float
  /// The optimizer of the trained parameters of the linear layers.
  public let optimizer: OptimizerKind
  /// Steps before the second merge or projection.
  public let gap: Int
  /// When updates are merged or projections renewed.
  public let schedule: MergeSchedule
  /// The linear layers that the method applies to; nil for all.
  public let choice: MethodPlan.LayerChoice?

  /// The settings of a method for a model and a number of steps. Throws an `InputError` that names the
  /// option, what is wrong with it, and what to give instead.
  public init(
    _ options: MethodOptions, of method: TrainingMethod, model: any ModelConfiguration, steps: Int
  ) throws(InputError) {
    self.options = options
    rank = try Self.rank(options.rank, model)
    scale = Float(
      try checkedPositive(options.scale ?? method.defaults.scale, "--scale", such: "0.5"))
    optimizer = options.optimizer ?? method.defaults.optimizer
    gap = try Self.gap(options.mergeGap, method, steps: steps)
    schedule = try Self.schedule(options, method, gap: gap, steps: steps)
    choice = try Self.choice(options.layers, model)
  }

  /// The side of the matrices that projections apply to.
  public var side: SideRule { options.side ?? .smaller }
  /// How projections are found.
  public var projector: GradientProjector {
    GradientProjector(method: (options.projector ?? .automatic).method)
  }
  /// The weight format if it is a packed one; nil for floats.
  public var packing: WeightFormat? {
    options.weightFormat == .float32 ? nil : options.weightFormat
  }

  private static func schedule(
    _ options: MethodOptions, _ method: TrainingMethod, gap: Int, steps: Int
  ) throws(InputError) -> MergeSchedule {
    let kind =
      options.mergeSchedule
      ?? (options.merges == nil ? method.defaults.mergeSchedule : .geometric)
    let growth = try checkedPositive(
      options.mergeGrowth ?? (kind == .geometric ? 1.6 : 1.2), "--merge-growth", such: "1.2")
    let merges = try checkedCount(
      options.merges ?? min(6, steps), "--merges", in: 0...steps, usual: min(6, steps))
    let longest = try options.longestGap.map {
      gap throws(InputError) in try checkedCount(gap, "--longest-gap", in: 1...1 << 31)
    }
    return switch kind {
    case .exponential: .exponential(every: gap, growth: growth, longestGap: longest)
    case .linear: .linear(every: gap, growth: growth, longestGap: longest)
    case .static: .static(every: min(gap, longest ?? gap))
    case .geometric:
      .geometric(merges: merges, fillingSteps: steps, ratio: growth, longestGap: longest)
    }
  }

  private static func choice(_ layers: [String]?, _ model: any ModelConfiguration)
    throws(InputError) -> MethodPlan.LayerChoice?
  {
    let known = model.linearNames
    let layers = Set(layers ?? known)
    if let name = layers.subtracting(known).min() {
      throw InputError(
        "--layers: there is no linear layer '\(name)'. Choose among \(known.joined(separator: ", "))."
      )
    }
    guard !layers.isEmpty else {
      throw InputError("--layers names no layer. Leave it out for all.")
    }
    return layers.count < known.count ? MethodPlan.LayerChoice(layers, of: known) : nil
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
        throw InputError(
          "--rank \(share) is not a share of the smaller side, above 0 and up to 1. Give one such as 0.25."
        )
      }
    case .energy(let lost, let least, let most):
      guard lost > 0, lost < 1, least >= 1, most >= least else {
        throw InputError(
          "--rank energy:\(lost):\(least):\(most) is not valid. Give a share between 0 and 1 and bounds of at "
            + "least 1, such as energy:0.04:8:128.")
      }
    }
    return rule
  }

  private static func gap(_ gap: Int?, _ method: TrainingMethod, steps: Int)
    throws(InputError) -> Int
  {
    guard let gap else { return method.mergeGap(steps: steps) }
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
  /// The truncation method.
  package var method: TruncationMethod {
    switch self {
    case .automatic: .automatic
    case .exact: .exact
    case .gram: .gram
    case .randomized: .randomized()
    }
  }
}

extension TrainingMethod {
  /// The usual number of steps between merges in a run of so many steps.
  package func mergeGap(steps: Int) -> Int { min(defaults.longestGap, max(1, steps / 10)) }
}
