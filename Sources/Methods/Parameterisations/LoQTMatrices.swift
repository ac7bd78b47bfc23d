internal import Autodiff
public import JSON
public import Layers
public import LoQT
public import Optimizers
public import Quantization
public import TensorFiles
internal import Tensors

/// Packed matrices with one trained factor in a subspace of their gradient, merged periodically.
public struct LoQTMatrices: Parameterisation {
  /// How the layers hold and merge their matrices.
  public var loqt: LoQTConfiguration
  /// When updates are merged.
  public var merges: MergeSchedule

  /// LoQT matrices, merged on a schedule.
  public init(_ loqt: LoQTConfiguration, merges: MergeSchedule) {
    self.loqt = loqt
    self.merges = merges
  }

  /// The factory of LoQT layers.
  public var factory: any LinearFactory { LoQTFactory(loqt) }
  /// The rank of the update.
  public var rank: RankRule? { loqt.rank }
  /// The side of P.
  public var side: SideRule { loqt.side }
  /// True.
  public var mergesInBackward: Bool { true }
  /// The format of W.
  public var packing: WeightFormat? { loqt.weightFormat == .float32 ? nil : loqt.weightFormat }

  /// Rank, scale, merges, formats and compensation.
  public var settings: [(String, String)] {
    let rows = [
      ("rank", "\(loqt.rank)"), ("scale", "\(loqt.scale)"), ("merges", "\(merges)"),
      ("matrices", "\(loqt.weightFormat)"), ("projections", "\(loqt.projectionFormat)"),
    ]
    return loqt.weightFormat == .float32
      ? rows : rows + [("compensation steps", "\(loqt.compensationSteps)")]
  }

  /// The cost of packed W and P, of B and its moments, and of a merge.
  public func cost(of layer: LinearShape, in step: StepShape) -> LayerCost {
    let (out, input) = (layer.out, layer.in)
    let r = loqt.rank.largest(out: out, in: input)
    let isLeft = side.side(out: out, in: input) == .left
    let (short, long) = isLeft ? (input, out) : (out, input)
    let isCompensated = loqt.compensationSteps > 0 && loqt.weightFormat != .float32
    let packed = loqt.weightFormat.byteCount(shape: [out, input])
    var cost = LayerCost()
    cost.weights = packed
    cost.projections = loqt.projectionFormat.byteCount(shape: [r, short])
    cost.adapters = step.storage.byteCount * r * long
    cost.records = loqt.recordsSurvival && isCompensated ? cost.adapters : 0
    cost.original =
      loqt.keepsOriginalWeight && loqt.weightFormat != .float32 ? 4 * out * input - packed : 0
    cost.moments = [[r, long]]
    cost.gradients = [r * long]
    cost.keptPerToken = isLeft ? r : 0
    // B and P as floats, and panels of W.
    cost.scratch = step.widenedByteCount * r * long + 4 * r * short + LayerCost.panelBytes
    // W, B and P as floats; then the memory to find P.
    let merging = 4 * (out * input + r * (2 * long + 3 * short)) + LayerCost.panelBytes
    let finding = 4 * (r + 8) * (2 * long + 4 * short)
    let compensating = isCompensated ? merging + 4 * r * (2 * long) + packed : 0
    cost.merge = max(merging, finding, compensating)
    cost.sketch = 4 * (r + 8) * short
    return cost
  }

  /// The products of the update and of B's gradient.
  public func products(of layer: LinearShape, tokens: Int, forwardPasses: Int) -> [MatrixProduct] {
    MatrixProduct.lowRank(
      layer, rank: loqt.rank.largest(out: layer.out, in: layer.in),
      isLeft: side.side(out: layer.out, in: layer.in) == .left, tokens: tokens,
      forwardPasses: forwardPasses)
  }

  /// `loqt`.
  public static var checkpointKey: String? { "loqt" }

  /// Rank, scale, formats, compensation, side and the rule for the optimizer's state.
  public var checkpointSection: JSONValue {
    [
      "rank": loqt.rank.json,
      "scale": .number(Double(loqt.scale)),
      "weight": .string(loqt.weightFormat.name),
      "projection": .string(loqt.projectionFormat.name),
      "compensation_steps": .integer(loqt.compensationSteps),
      "side": .string(loqt.side.rawValue),
      "state_rule": .string(loqt.stateRule.rawValue),
    ]
  }

  /// Reads LoQT matrices with the saved configuration.
  public static func reading(_ document: JSONDocument) throws(TensorFileError)
    -> any Parameterisation
  {
    let section = try document.document("loqt")
    let steps = try section.integer("compensation_steps")
    guard steps >= 0 else {
      throw TensorFileError(
        .unsupported, file: section.file, field: "'compensation_steps'", found: "\(steps)",
        expected: "a count")
    }
    return LoQTMatrices(
      LoQTConfiguration(
        rank: try RankRule(section, "rank"), side: try section.choice("side") ?? .smaller,
        scale: try section.positiveScale(),
        weightFormat: try WeightFormat(section, "weight"),
        projectionFormat: try WeightFormat(section, "projection"), compensationSteps: steps,
        stateRule: try section.choice("state_rule") ?? .keep),
      merges: .never)
  }
}

extension Parameterisation where Self == LoQTMatrices {
  /// Packed matrices with one trained factor, merged periodically.
  public static func loqt(_ loqt: LoQTConfiguration, _ merges: MergeSchedule) -> Self {
    LoQTMatrices(loqt, merges: merges)
  }
}
