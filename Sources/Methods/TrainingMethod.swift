internal import Foundation
public import LanguageModels
public import Optimizers
internal import Quantization
internal import Synchronization
internal import Stepping

/// A named way to hold and train the matrices of the linear layers.
///
/// Each method is a constant in an extension in its own file; `allCases` lists them.
public struct TrainingMethod: Sendable {
  /// The defaults of a method's options.
  public struct Defaults: Sendable {
    /// The highest learning rate.
    public var learningRate: Double
    /// The scale s.
    public var scale: Double
    /// The optimizer of the trained parameters of the linear layers.
    public var optimizer: OptimizerKind
    /// How the gaps between merges grow.
    public var mergeSchedule: MethodOptions.MergeGrowth
    /// The upper limit of the gap, which is otherwise a tenth of the run.
    public var longestGap: Int

    /// Defaults; those left out are the values that most methods use.
    public init(
      learningRate: Double = 0.01, scale: Double = 1, optimizer: OptimizerKind = .adamW,
      mergeSchedule: MethodOptions.MergeGrowth = .exponential, longestGap: Int = 100
    ) {
      self.learningRate = learningRate
      self.scale = scale
      self.optimizer = optimizer
      self.mergeSchedule = mergeSchedule
      self.longestGap = longestGap
    }
  }

  /// The name on the command line and in files.
  public let name: String
  /// The name as usually written.
  public let title: String
  /// What it does, as a phrase.
  public let summary: String
  /// The defaults of its options.
  public let defaults: Defaults
  /// The options that have an effect on it.
  let options: Set<MethodOptions.Name>
  private let makePlan: @Sendable (MethodSettings) throws(InputError) -> MethodPlan

  /// A method.
  ///
  /// - Parameters:
  ///   - name: The name on the command line and in files.
  ///   - title: The name as usually written.
  ///   - summary: What it does, as a phrase.
  ///   - defaults: The defaults of its options.
  ///   - options: The options that have an effect on it.
  ///   - plan: Makes a plan from settings.
  public init(
    _ name: String, _ title: String, _ summary: String, defaults: Defaults = Defaults(),
    options: Set<MethodOptions.Name>,
    plan: @escaping @Sendable (MethodSettings) throws(InputError) -> MethodPlan
  ) {
    self.name = name
    self.title = title
    self.summary = summary
    self.defaults = defaults
    self.options = options
    makePlan = plan
  }

  /// The plan for a model and a run of `steps` steps. Throws an `InputError` that names the option, what is
  /// wrong with it, and what to give instead.
  public func plan(_ options: MethodOptions, model: any ModelConfiguration, steps: Int)
    throws(InputError) -> MethodPlan
  { try plan(MethodSettings(options, of: self, model: model, steps: steps)) }

  /// The plan of some settings. Throws an `InputError` for an option that is not valid for the method.
  public func plan(_ settings: MethodSettings) throws(InputError) -> MethodPlan {
    let options = settings.options
    var plan = try makePlan(settings)
    if let kind = options.restOptimizer { plan.restOptimizer = kind }
    plan.restLearningRate = try options.restLearningRate.map { rate throws(InputError) in
      try checkedPositive(rate, "--rest-learning-rate", such: "0.003")
    }
    plan.window = options.window ?? .sketch
    plan.choice = settings.choice
    plan.arithmetic = try Self.arithmetic(options.arithmetic, of: plan, name)
    plan.trainsEmbedding = !(options.freezeEmbedding ?? false)
    plan.trainsHead = !(options.freezeHead ?? false)
    return plan
  }

  private static func arithmetic(_ arithmetic: Arithmetic?, of plan: MethodPlan, _ name: String)
    throws(InputError) -> Arithmetic
  {
    guard arithmetic == .int8, plan.layers.packing == nil else { return arithmetic ?? .float }
    throw InputError(
      "--arithmetic int8 multiplies by packed matrices, and \(name) has none with these options. Leave it "
        + "out, or choose a method with packed matrices such as loqt or qlora.")
  }

  /// Whether the scale has an effect.
  public var hasScale: Bool { uses(.scale) }

  package func uses(_ option: MethodOptions.Name) -> Bool {
    options.contains(option) || MethodOptions.Name.common.contains(option)
  }
}

extension TrainingMethod: CaseIterable {
  /// Every method of the package.
  public static let allCases: [TrainingMethod] = [
    .loqt, .loqtUnquantized, .full, .lowRank, .lora, .qlora, .loftq, .relora, .galore, .qGaLore,
    .fira, .apollo, .apolloMini, .adaRankGrad, .frozen,
  ]
}

extension TrainingMethod {
  private static let registered = Mutex<[TrainingMethod]>([])

  /// Registers a method from outside the package, so that runs with it can be named and resumed. Traps if
  /// a method of the same name exists.
  public static func register(_ method: TrainingMethod) {
    precondition(
      TrainingMethod(rawValue: method.name) == nil,
      "TrainingMethod: there is a '\(method.name)' already")
    registered.withLock { $0.append(method) }
  }
}

extension TrainingMethod: CustomStringConvertible {
  /// The name.
  public var description: String { name }
}

extension TrainingMethod: RawRepresentable, Hashable {
  /// The method with a name, from the package or registered.
  public init?(rawValue: String) {
    let all = Self.allCases + Self.registered.withLock { $0 }
    guard let method = all.first(where: { $0.name == rawValue }) else { return nil }
    self = method
  }

  /// The name.
  public var rawValue: String { name }

  /// Whether both have the same name.
  public static func == (a: Self, b: Self) -> Bool { a.name == b.name }

  /// Hashes the name.
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// The perplexity of a loss in nats.
package func perplexity(ofLoss loss: Double) -> Double { exp(loss) }
