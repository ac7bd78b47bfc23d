public import Optimizers
public import Quantization
import Tensors

/// How LoQT layers hold and renew their matrices (arXiv 2405.16528, sections 3 and 4).
public struct LoQTConfiguration: Sendable, Hashable, Codable {
  /// Rank r of the update P B; a layer whose smaller side is below it uses that side. An energy rule
  /// chooses anew at each merge.
  public var rank: RankRule
  /// The side of P.
  public var side: SideRule
  /// The factor s of the update, used as it is.
  public var scale: Float
  /// How W is stored. `.float32` makes the method LoQT-nq, together with the same for P.
  public var weightFormat: WeightFormat
  /// How P is stored.
  public var projectionFormat: WeightFormat
  /// C, the alternations of error compensation at each Initialise; 0 quantises plainly. Without a
  /// quantiser there is nothing to compensate and C has no effect.
  public var compensationSteps: Int
  /// How the leading singular vectors of the gradient are found.
  public var projector: GradientProjector
  /// What becomes of the optimizer's state of B when P is replaced.
  public var stateRule: StateRule
  /// A merge of a layer is left out while its trained update is below this share of its weights,
  /// ‖s P ΔB‖ / ‖W‖: what is that small is mostly lost in rounding. Needs `recordsSurvival`.
  public var postponing: Double
  /// Whether W is rounded at random at a merge.
  public var roundsStochastically: Bool
  /// Whether a layer holds its original full-precision W until its first Initialise, so that the
  /// first quantisation error can be compensated. Otherwise W is quantised when the layer is made.
  public var keepsOriginalWeight: Bool
  /// Whether a layer holds a copy of B from the start of the interval, so that a merge can report
  /// which share of the update survived it.
  public var recordsSurvival: Bool

  /// The paper's method, at rank r and scale s.
  public init(
    rank: RankRule, side: SideRule = .smaller, scale: Float = 0.5,
    weightFormat: WeightFormat = .nf4(),
    projectionFormat: WeightFormat = .nf4(), compensationSteps: Int = 5,
    projector: GradientProjector = GradientProjector(), stateRule: StateRule = .keep,
    postponing: Double = 0, roundsStochastically: Bool = false, keepsOriginalWeight: Bool = true,
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
    self.postponing = postponing
    self.roundsStochastically = roundsStochastically
    self.keepsOriginalWeight = keepsOriginalWeight
    self.recordsSurvival = recordsSurvival
  }

  /// LoQT-nq: nothing is quantised, W receives s P B at each merge.
  public static func unquantized(rank: RankRule, scale: Float = 0.5) -> Self {
    Self(
      rank: rank, scale: scale, weightFormat: .float32, projectionFormat: .float32,
      compensationSteps: 0)
  }
}
