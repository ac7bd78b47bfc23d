public import Autodiff
public import Layers
public import Optimizers
public import Quantization
internal import QuantizedLayers
public import Stepping

/// A method in terms of its parts: a parameterisation, optimizers, and which parameters are trained.
public struct MethodPlan: Sendable {
  /// How the linear layers of a model are held and trained.
  public var layers: any Parameterisation
  /// The optimizer of the trained parameters of the linear layers.
  public var optimizer: OptimizerKind
  /// The optimizer of all other parameters: embedding, head, norms.
  public var restOptimizer: OptimizerKind
  /// The highest learning rate of all other parameters; nil for that of the linear layers.
  public var restLearningRate: Double?
  /// Which gradient projections are taken from when a step has several micro-batches.
  public var window = ProjectionWindow.sketch
  /// The linear layers that the method applies to; nil for all.
  public var choice: LayerChoice?
  /// What products with packed matrices are computed in.
  public var arithmetic = Arithmetic.float
  /// Whether the embedding is trained.
  public var trainsEmbedding = true
  /// Whether the head is trained; a tied head follows the embedding.
  public var trainsHead = true
  /// Whether layers read the original matrices that they need until their first merge from files, rather
  /// than hold them.
  public var readsOriginals = false

  /// A choice of the linear layers that a method applies to, by their names in a block. The others are
  /// dense and updated by the optimizer of the rest.
  public struct LayerChoice: Sendable, Hashable {
    /// The layers that the method applies to.
    public var chosen: Set<String>
    /// The dense layers.
    public var others: Set<String>

    /// A choice of some of all names.
    public init(_ chosen: Set<String>, of all: [String]) {
      self.chosen = chosen
      others = Set(all).subtracting(chosen)
    }
  }

  /// A plan.
  public init(
    layers: some Parameterisation, optimizer: OptimizerKind = .adamW,
    restOptimizer: OptimizerKind = .adamW
  ) {
    self.layers = layers
    self.optimizer = optimizer
    self.restOptimizer = restOptimizer
  }

  /// Whether the method applies to the layers of a name.
  public func isChosen(_ name: some StringProtocol) -> Bool {
    !(choice?.others.contains(String(name)) ?? false)
  }

  /// The builder of a model's layers.
  public func builder(seed: UInt64, storage: ParameterStorage = .float32) -> LayerBuilder {
    let others = (choice?.others ?? []).map { ($0, DenseLinearFactory() as any LinearFactory) }
    return LayerBuilder(
      layers.factory.computing(in: arithmetic), seed: seed,
      exceptions: Dictionary(uniqueKeysWithValues: others),
      storage: storage)
  }

  /// When updates are merged.
  public var merges: MergeSchedule { layers.merges }
  /// The rank r of the linear layers; nil if there is none.
  public var rank: RankRule? { layers.rank }

  /// The plan as text for people.
  public var settings: [(String, String)] {
    if layers is FrozenMatrices { return [] }
    var rows = layers.settings
    if arithmetic == .int8 { rows.append(("arithmetic", "8-bit integers")) }
    if layers.side != .smaller { rows.append(("side of projections", layers.side.rawValue)) }
    if let choice { rows.append(("layers", choice.chosen.sorted().joined(separator: ", "))) }
    rows.append(("optimizer of linear layers", optimizer.rawValue))
    if let restLearningRate { rows.append(("learning rate of the rest", "\(restLearningRate)")) }
    if restOptimizer != .adamW { rows.append(("optimizer of the rest", restOptimizer.rawValue)) }
    return rows
  }

  /// The cost of a linear layer in a step, and the optimizer that holds its moments.
  func cost(of layer: LinearShape, in step: StepShape) -> (LayerCost, optimizer: OptimizerKind) {
    isChosen(layer.name)
      ? (layers.cost(of: layer, in: step), optimizer: optimizer)
      : (LayerCost.whole(layer, packed: nil, in: step), optimizer: restOptimizer)
  }
}

extension MethodPlan: Hashable {
  /// Whether all parts are equal.
  public static func == (a: Self, b: Self) -> Bool {
    a.layers.equals(b.layers) && a.optimizer == b.optimizer && a.restOptimizer == b.restOptimizer
      && a.restLearningRate == b.restLearningRate && a.window == b.window && a.choice == b.choice
      && a.arithmetic == b.arithmetic && a.trainsEmbedding == b.trainsEmbedding
      && a.trainsHead == b.trainsHead
      && a.readsOriginals == b.readsOriginals
  }

  /// Hashes the parameterisation and the optimizers.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(layers)
    hasher.combine(optimizer)
    hasher.combine(restOptimizer)
  }
}
