public import LoQT
public import Optimizers
public import Quantization

/// What a person may set about a method; what is left out follows from the method.
public struct MethodOptions: Sendable, Hashable, Codable {
  /// The options by the names they have on the command line.
  public enum Name: String, Sendable, Hashable, Codable, CaseIterable {
    case rank, scale, optimizer
    case mergeGap = "merge-gap"
    case mergeSchedule = "merge-schedule"
    case mergeGrowth = "merge-growth"
    case weightFormat = "weight-format"
    case compensation, alternations, pruning
  }

  /// How gaps between merges grow.
  public enum MergeGrowth: String, Sendable, Hashable, Codable, CaseIterable {
    /// By floor(growth^k), the paper's.
    case exponential
    /// By floor(growth * k).
    case linear
    /// Not at all.
    case `static`
  }

  /// r of the low-rank methods.
  public var rank: RankRule?
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

  /// Nothing set.
  public init() {}

  /// What is set.
  var given: Set<Name> {
    var names: Set<Name> = []
    func note(_ value: Any?, _ name: Name) { if value != nil { names.insert(name) } }
    note(rank, .rank)
    note(scale, .scale)
    note(optimizer, .optimizer)
    note(mergeGap, .mergeGap)
    note(mergeSchedule, .mergeSchedule)
    note(mergeGrowth, .mergeGrowth)
    note(weightFormat, .weightFormat)
    note(compensation, .compensation)
    note(alternations, .alternations)
    note(pruning, .pruning)
    return names
  }
}
