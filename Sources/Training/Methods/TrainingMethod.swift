internal import Foundation
public import Optimizers

/// How the matrices of the linear layers are held and trained: a named point among all plans.
///
/// A method lives in a file of its own, which extends this type by a constant; `allCases` lists them.
public struct TrainingMethod: Sendable {
  /// What holds where a person says nothing.
  public struct Defaults: Sendable {
    /// The highest learning rate.
    public var learningRate = 0.01
    /// s.
    public var scale = 1.0
    /// What moves the trained parameters of the linear layers.
    public var optimizer = OptimizerKind.adamW
    /// How gaps between merges grow.
    public var mergeSchedule = MethodOptions.MergeGrowth.exponential
    /// The gap is a tenth of the run, but not above this.
    public var longestGap = 100
  }

  /// The name on the command line and in files.
  public let name: String
  /// The name as people write it.
  public let title: String
  /// What it does, as a phrase.
  public let summary: String
  /// What holds where a person says nothing.
  public let defaults: Defaults
  /// The options that have an effect.
  let options: Set<MethodOptions.Name>
  private let makePlan: @Sendable (MethodSettings) -> MethodPlan

  init(
    _ name: String, _ title: String, _ summary: String, defaults: Defaults = Defaults(),
    options: Set<MethodOptions.Name>, plan: @escaping @Sendable (MethodSettings) -> MethodPlan
  ) {
    self.name = name
    self.title = title
    self.summary = summary
    self.defaults = defaults
    self.options = options
    makePlan = plan
  }

  /// The plan of some settings.
  package func plan(_ settings: MethodSettings) -> MethodPlan {
    var plan = makePlan(settings)
    if let kind = settings.restOptimizer { plan.restOptimizer = kind }
    plan.restLearningRate = settings.restLearningRate
    plan.window = settings.window
    plan.chosenLayers = settings.layers
    (plan.trainsEmbedding, plan.trainsHead) = (settings.trainsEmbedding, settings.trainsHead)
    return plan
  }

  /// Whether a scale has an effect.
  public var hasScale: Bool { uses(.scale) }

  func uses(_ option: MethodOptions.Name) -> Bool {
    options.contains(option) || MethodOptions.Name.common.contains(option)
  }
}

extension TrainingMethod: CaseIterable {
  /// Every method.
  public static let allCases: [TrainingMethod] = [
    .loqt, .loqtUnquantized, .full, .lowRank, .lora, .qlora, .loftq, .relora, .galore, .qGaLore,
    .fira, .apollo, .apolloMini, .adaRankGrad, .frozen,
  ]
}

extension TrainingMethod: RawRepresentable, Hashable {
  /// The method of a name.
  public init?(rawValue: String) {
    guard let method = Self.allCases.first(where: { $0.name == rawValue }) else { return nil }
    self = method
  }

  /// The name.
  public var rawValue: String { name }

  /// Whether two names are the same.
  public static func == (a: Self, b: Self) -> Bool { a.name == b.name }

  /// Hashes the name.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// The loss in nats as perplexity.
package func perplexity(ofLoss loss: Double) -> Double { exp(loss) }
