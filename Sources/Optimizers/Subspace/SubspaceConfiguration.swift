public import Quantization
package import Tensors

/// How a matrix is updated in a subspace of its gradient G `[out, in]`.
///
/// R is the projected gradient, G P `[out, r]` or Pᵀ G `[r, in]` by the side of P. The inner optimizer
/// turns R into a step N (for Adam, the first moment over the root of the second).
public struct SubspaceConfiguration: Sendable, Hashable, Codable {
  /// How N is applied to W.
  public enum Rule: Sendable, Hashable, Codable {
    /// W changes by s P N, with P the leading singular vectors of the gradient (GaLore; Zhao et al., arXiv
    /// 2403.03507).
    case within(GradientProjector)
    /// W changes by s (P N + phi (G - P R)): the part outside the subspace is applied too, with each row
    /// (or column) scaled by phi = ‖N‖ / ‖R‖ of the same row. The norm of this part grows by at most the
    /// factor `growthLimit` per update (Fira; Chen et al., arXiv 2410.01673).
    case withResidual(GradientProjector, growthLimit: Float = 1.01)
    /// W changes by s phi G, with a random P of independent normal numbers of variance 1 / r that is drawn
    /// on demand and never stored. The norm grows by at most the factor `growthLimit` per update (APOLLO;
    /// Zhu et al., arXiv 2412.05270).
    case scaledGradient(per: Granularity, growthLimit: Float = 1.01)
  }

  /// The elements that share a scale phi = ‖N‖ / ‖R‖.
  public enum Granularity: String, Sendable, Hashable, Codable {
    /// Each row or column along the side without P, which is usually the larger one.
    case channel
    /// The whole matrix.
    case tensor
  }

  /// When P is renewed, counted in a matrix's own updates.
  public enum Refresh: Sendable, Hashable, Codable {
    /// At the steps of a schedule.
    case scheduled(MergeSchedule)
    /// Initially every `every` updates; the interval doubles whenever the overlap of old and new P,
    /// ‖P_newᵀ P_old‖² / r, is at least `doublingAbove` (Q-GaLore; Zhang et al., arXiv 2407.08296, with
    /// an overlap that does not depend on the signs and order of the vectors).
    case lazy(every: Int, doublingAbove: Double = 0.4)
    /// When P captures on average less than the share `below` of the gradient's energy, ‖R‖² / ‖G‖², and
    /// at the latest after `atMost` updates (AdaRankGrad; Refael et al., arXiv 2410.17881).
    case converged(below: Double = 0.5, atMost: Int)
  }

  /// The rank r.
  public var rank: RankRule
  /// The side of P.
  public var side: SideRule
  /// The scale s, not divided by the rank.
  public var scale: Float
  /// How N is applied to W.
  public var rule: Rule
  /// When P is renewed.
  public var refresh: Refresh
  /// What happens to the inner optimizer's state then; if the rank changes, `keep` projects.
  public var stateRule: StateRule
  /// How P is stored.
  public var projectionFormat: WeightFormat

  /// By default, GaLore of rank r and scale s.
  public init(
    rank: RankRule, side: SideRule = .smaller, scale: Float = 0.25,
    rule: Rule = .within(GradientProjector()),
    refresh: Refresh = .scheduled(.static(every: 200)), stateRule: StateRule = .keep,
    projectionFormat: WeightFormat = .float32
  ) {
    precondition(scale > 0, "SubspaceConfiguration: scale \(scale) is not positive")
    self.rank = rank
    self.side = side
    self.scale = scale
    self.rule = rule
    self.refresh = refresh
    self.stateRule = stateRule
    self.projectionFormat = projectionFormat
  }

  /// The bytes of P for a matrix `[out, in]` and a rank.
  public func projectionByteCount(out: Int, in input: Int, rank: Int) -> Int {
    if case .scaledGradient = rule { return 0 }
    return projectionFormat.byteCount(
      shape: [side.side(out: out, in: input).length(out: out, in: input), rank])
  }
}

/// What happens to an optimizer's state when a projection is replaced.
public enum StateRule: String, Sendable, Hashable, Codable, CaseIterable {
  /// Kept although the basis changes, as in published code.
  case keep
  /// Reset to zero.
  case reset
  /// Projected into the new basis.
  case project

  /// The change of basis for an overlap `[new rank, old rank]` = P_newᵀ P_old.
  package func change(overlap: Tensor<Float>, rankAxis: Int) -> BasisChange {
    switch self {
    case .keep where overlap.shape[0] == overlap.shape[1]: .keep
    case .reset: .reset
    case .keep, .project: .project(overlap: overlap, rankAxis: rankAxis)
    }
  }
}

extension SubspaceConfiguration.Refresh: CustomStringConvertible {
  /// The rule as text.
  public var description: String {
    switch self {
    case .scheduled(let schedule): "\(schedule)"
    case .lazy(let every, let overlap): "every \(every) steps, doubling above overlap \(overlap)"
    case .converged(let share, let limit):
      "when less than \(share) of the gradient is inside, at most \(limit) steps"
    }
  }
}
