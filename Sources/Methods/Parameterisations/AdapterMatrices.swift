public import Adapters
internal import Autodiff
public import JSON
public import Layers
public import Optimizers
public import Quantization
public import TensorFiles
internal import Tensors

/// Dense or packed matrices, or none, with two trained factors that a schedule may merge.
public struct AdapterMatrices: Parameterisation {
  /// How the matrices and factors are held.
  public var adapter: AdapterConfiguration
  /// When the factors are merged, if the configuration merges them at all.
  public var merges: MergeSchedule

  /// Adapters, by default never merged.
  public init(_ adapter: AdapterConfiguration, merges: MergeSchedule = .never) {
    self.adapter = adapter
    self.merges = merges
  }

  /// The factory of adapter layers.
  public var factory: any LinearFactory { AdapterFactory(adapter) }
  /// The rank of the factors.
  public var rank: RankRule? { adapter.rank }
  /// The format of W.
  public var packing: WeightFormat? {
    adapter.weightFormat == .float32 ? nil : adapter.weightFormat
  }

  /// Rank, and if there is a matrix beside the factors, scale, format and merges.
  public var settings: [(String, String)] {
    var rows = [("rank", "\(adapter.rank)")]
    guard let format = adapter.weightFormat else { return rows }
    rows += [("scale", "\(adapter.scale)"), ("matrices", "\(format)")]
    if case .alternating(_, let steps) = adapter.base {
      rows.append(("alternations at the start", "\(steps)"))
    }
    if let pruning = adapter.mergePruning {
      rows += [("merges", "\(merges)"), ("optimizer state pruned at a merge", "\(pruning)")]
    }
    return rows
  }

  /// The cost of the packed matrix, both factors and their moments.
  public func cost(of layer: LinearShape, in step: StepShape) -> LayerCost {
    let (out, input) = (layer.out, layer.in)
    let r = adapter.rank.largest(out: out, in: input)
    var cost = LayerCost()
    cost.weights = adapter.weightFormat?.byteCount(shape: [out, input]) ?? 0
    cost.adapters = step.storage.byteCount * r * (out + input)
    cost.moments = [[out, r], [r, input]]
    cost.gradients = [out * r, r * input]
    cost.keptPerToken = r
    cost.scratch = step.widenedByteCount * r * (out + input) + LayerCost.panelBytes
    return cost
  }

  /// The products of the update and of one factor's gradient.
  public func products(of layer: LinearShape, tokens: Int, forwardPasses: Int) -> [MatrixProduct] {
    MatrixProduct.lowRank(
      layer, rank: adapter.rank.largest(out: layer.out, in: layer.in),
      isLeft: side.side(out: layer.out, in: layer.in) == .left, tokens: tokens,
      forwardPasses: forwardPasses)
  }

  /// The schedule with a new warm-up after each merge.
  public func learningRate(_ schedule: LearningRateSchedule, steps: Int) -> LearningRateSchedule {
    let restarts = merges.mergeSteps(below: steps, sparingTail: true).dropFirst()
    return schedule.restarting(at: Array(restarts), warmup: max(1, (merges.gap ?? 0) / 10))
  }

  /// `adapters`.
  public static var checkpointKey: String? { "adapters" }

  /// Rank and scale.
  public var checkpointSection: JSONValue {
    ["rank": adapter.rank.json, "scale": .number(Double(adapter.scale))]
  }

  /// Adapters of the saved rank and scale.
  public static func reading(_ document: JSONDocument) throws(TensorFileError)
    -> any Parameterisation
  {
    let section = try document.document("adapters")
    return AdapterMatrices(
      AdapterConfiguration(
        rank: try RankRule(section, "rank"), scale: try section.positiveScale()))
  }
}

extension Parameterisation where Self == AdapterMatrices {
  /// Dense or packed matrices, or none, with two trained factors.
  public static func adapter(_ adapter: AdapterConfiguration, _ merges: MergeSchedule) -> Self {
    AdapterMatrices(adapter, merges: merges)
  }
}
