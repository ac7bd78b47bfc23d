public import Optimizers
public import Quantization
import Tensors

/// How LoQT layers hold and merge their matrices (arXiv 2405.16528, sections 3 and 4).
public struct LoQTConfiguration: Sendable, Hashable, Codable {
  /// The rank r of the update P B, limited to a layer's smaller side. An energy rule chooses again at each
  /// merge.
  public var rank: RankRule
  /// The side of P.
  public var side: SideRule
  /// The factor s of the update, not divided by the rank.
  public var scale: Float
  /// How W is stored. `.float32` for both W and P makes the method LoQT-nq.
  public var weightFormat: WeightFormat
  /// How P is stored.
  public var projectionFormat: WeightFormat
  /// C, the alternations of error compensation at each merge; 0 for plain quantisation. Has no effect
  /// without quantisation.
  public var compensationSteps: Int
  /// How the leading singular vectors of the gradient are computed.
  public var projector: GradientProjector
  /// What happens to the optimizer's state of B when P is replaced.
  public var stateRule: StateRule
  /// A layer's merge is postponed while its trained update is below this share of its weights,
  /// ‖s P ΔB‖ / ‖W‖, since rounding would lose most of so small an update. Needs `recordsSurvival`.
  public var mergeThreshold: Double
  /// Whether W is rounded stochastically at a merge.
  public var roundsStochastically: Bool
  /// Whether a layer holds its original full-precision W until its first merge, so that the first
  /// quantisation error can be compensated. Otherwise W is quantised when the layer is made.
  public var keepsOriginalWeight: Bool
  /// Whether a layer holds a copy of B from the last merge, so that a merge can report what share of the
  /// update survived it.
  public var recordsSurvival: Bool

  // `mergeThreshold` is encoded under its former name, on which the names of recorded runs depend.
  private enum CodingKeys: String, CodingKey {
    case rank, side, scale, weightFormat, projectionFormat, compensationSteps, projector, stateRule
    case mergeThreshold = "postponing"
    case roundsStochastically, keepsOriginalWeight, recordsSurvival
  }

  /// The paper's method, at rank r and scale s.
  public init(
    rank: RankRule, side: SideRule = .smaller, scale: Float = 0.5,
    weightFormat: WeightFormat = .nf4(),
    projectionFormat: WeightFormat = .nf4(), compensationSteps: Int = 5,
    projector: GradientProjector = GradientProjector(), stateRule: StateRule = .keep,
    mergeThreshold: Double = 0, roundsStochastically: Bool = false,
    keepsOriginalWeight: Bool = true,
    recordsSurvival: Bool = true
  ) {
    if case .count(let rank) = rank {
      precondition(rank >= 1, "LoQTConfiguration: rank \(rank) is below 1")
    }
    precondition(scale > 0, "LoQTConfiguration: scale \(scale) is not positive")
    precondition(
      compensationSteps >= 0, "LoQTConfiguration: \(compensationSteps) compensation steps")
    self.rank = rank
    self.side = side
    self.scale = scale
    self.weightFormat = weightFormat
    self.projectionFormat = projectionFormat
    self.compensationSteps = compensationSteps
    self.projector = projector
    self.stateRule = stateRule
    self.mergeThreshold = mergeThreshold
    self.roundsStochastically = roundsStochastically
    self.keepsOriginalWeight = keepsOriginalWeight
    self.recordsSurvival = recordsSurvival
  }

  /// LoQT-nq: nothing is quantised, and each merge adds s P B to W.
  public static func unquantized(rank: RankRule, scale: Float = 0.5) -> Self {
    Self(
      rank: rank, scale: scale, weightFormat: .float32, projectionFormat: .float32,
      compensationSteps: 0)
  }
}
