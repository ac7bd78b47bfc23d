public import Adapters
package import Autodiff
internal import LanguageModels
package import Layers
public import LoQT
public import Optimizers
public import Quantization
internal import QuantizedLayers
public import Stepping

/// A method as a product of choices: weight format, parameterisation, optimizer and merge policy. What
/// does not go together cannot be written.
public struct MethodPlan: Sendable, Hashable {
  /// How the linear layers of a model are held and trained.
  public enum LinearLayers: Sendable, Hashable, Codable {
    /// Dense matrices that stay as they were drawn.
    case frozen
    /// Dense matrices, or packed ones rounded at random, moved by their whole gradient.
    case dense(packed: WeightFormat? = nil)
    /// Dense or packed matrices with two trained factors, merged when the schedule says so.
    case adapter(AdapterConfiguration, MergeSchedule)
    /// The same, moved through a subspace of their gradient.
    case subspace(SubspaceConfiguration, packed: WeightFormat? = nil)
    /// Packed matrices with one trained factor in a subspace of their gradient.
    case loqt(LoQTConfiguration, MergeSchedule)
  }

  /// The linear layers.
  public var layers: LinearLayers
  /// What moves the trained parameters of the linear layers.
  public var optimizer: OptimizerKind
  /// What moves all other parameters: embedding, head, norms.
  public var restOptimizer: OptimizerKind
  /// The highest learning rate of all other parameters; nil for that of the linear layers.
  public var restLearningRate: Double?
  /// Which gradient projections are taken from when a step has several micro-batches.
  public var window = ProjectionWindow.sketch
  /// The linear layers that the method holds, by their names in a block; the others are dense and moved
  /// as the rest is.
  public var chosenLayers = Set(LlamaConfiguration.linearNames)
  /// Whether the embedding is trained.
  public var trainsEmbedding = true
  /// Whether the head is trained; a tied one follows the embedding.
  public var trainsHead = true
  /// Whether layers that keep their original matrices until their first merge read them from files
  /// rather than hold them.
  public var readsOriginals = false

  /// A plan.
  public init(
    layers: LinearLayers, optimizer: OptimizerKind = .adamW,
    restOptimizer: OptimizerKind = .adamW
  ) {
    self.layers = layers
    self.optimizer = optimizer
    self.restOptimizer = restOptimizer
  }

  func isChosen(_ name: some StringProtocol) -> Bool { chosenLayers.contains(String(name)) }

  /// What makes the layers of a model.
  package func builder(seed: UInt64, storage: ParameterStorage = .float32) -> LayerBuilder {
    let others = LlamaConfiguration.linearNames.filter { !chosenLayers.contains($0) }
    return LayerBuilder(
      factory, seed: seed,
      exceptions: Dictionary(
        uniqueKeysWithValues: others.map { ($0, DenseLinearFactory() as any LinearFactory) }),
      storage: storage)
  }

  /// When updates are merged.
  public var merges: MergeSchedule {
    switch layers {
    case .adapter(_, let schedule), .loqt(_, let schedule): schedule
    case .frozen, .dense, .subspace: .never
    }
  }

  /// r of the linear layers; nil where there is none.
  public var rank: RankRule? {
    switch layers {
    case .frozen, .dense: nil
    case .adapter(let configuration, _): configuration.rank
    case .subspace(let subspace, _): subspace.rank
    case .loqt(let configuration, _): configuration.rank
    }
  }

  /// The side of the projections of the linear layers.
  var side: SideRule {
    switch layers {
    case .frozen, .dense, .adapter: .smaller
    case .subspace(let subspace, _): subspace.side
    case .loqt(let configuration, _): configuration.side
    }
  }

  /// The plan in words, for people.
  var settings: [(String, String)] {
    var rows: [(String, String)] = []
    switch layers {
    case .frozen: return rows
    case .dense(let packed):
      if let packed { rows.append(("matrices", "\(packed)")) }
    case .adapter(let adapter, let schedule):
      rows.append(("rank", "\(adapter.rank)"))
      guard let format = adapter.weightFormat else { break }
      rows += [("scale", "\(adapter.scale)"), ("matrices", "\(format)")]
      if case .alternating(_, let steps) = adapter.base {
        rows.append(("alternations at the start", "\(steps)"))
      }
      if let pruning = adapter.mergePruning {
        rows += [("merges", "\(schedule)"), ("optimizer state pruned at a merge", "\(pruning)")]
      }
    case .subspace(let subspace, let packed):
      rows += [
        ("rank", "\(subspace.rank)"), ("scale", "\(subspace.scale)"),
        ("projections", "\(subspace.refresh), \(subspace.projectionFormat)"),
      ]
      if let packed { rows.append(("matrices", "\(packed)")) }
    case .loqt(let loqt, let schedule):
      rows += [
        ("rank", "\(loqt.rank)"), ("scale", "\(loqt.scale)"), ("merges", "\(schedule)"),
        ("matrices", "\(loqt.weightFormat)"), ("projections", "\(loqt.projectionFormat)"),
      ]
      if loqt.weightFormat != .float32 {
        rows.append(("compensation steps", "\(loqt.compensationSteps)"))
      }
    }
    if side != .smaller { rows.append(("side of projections", side.rawValue)) }
    if chosenLayers.count < LlamaConfiguration.linearNames.count {
      rows.append(("layers", chosenLayers.sorted().joined(separator: ", ")))
    }
    rows.append(("optimizer of linear layers", optimizer.rawValue))
    if let restLearningRate { rows.append(("learning rate of the rest", "\(restLearningRate)")) }
    if restOptimizer != .adamW { rows.append(("optimizer of the rest", restOptimizer.rawValue)) }
    return rows
  }

  /// What makes the linear layers.
  var factory: any LinearFactory {
    switch layers {
    case .frozen: DenseLinearFactory(isTrainable: false)
    case .dense(let packed), .subspace(_, let packed):
      packed.map { PackedLinearFactory(format: $0) } ?? DenseLinearFactory()
    case .adapter(let configuration, _): AdapterFactory(configuration)
    case .loqt(let configuration, _): LoQTFactory(configuration)
    }
  }
}

extension MethodPlan.LinearLayers {
  /// How LoQT layers hold and renew their matrices; nil for the other methods.
  public var loqt: LoQTConfiguration? {
    if case .loqt(let configuration, _) = self { configuration } else { nil }
  }

  /// How adapter layers hold their matrices; nil for the other methods.
  public var adapter: AdapterConfiguration? {
    if case .adapter(let configuration, _) = self { configuration } else { nil }
  }

  /// How trained packed matrices are stored; nil where there are none.
  public var packing: WeightFormat? {
    switch self {
    case .dense(let scheme), .subspace(_, let scheme): scheme
    case .frozen, .adapter, .loqt: nil
    }
  }
}
