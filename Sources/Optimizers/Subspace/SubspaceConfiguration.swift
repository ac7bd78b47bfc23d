public import Quantization
package import Tensors

/// How a matrix is moved through a subspace of its gradient G `[out, in]`.
///
/// R is G's part in the subspace: G P `[out, r]` or Pᵀ G `[r, in]`, by the side of P. The inner
/// optimizer runs on R alone and makes N of it (for Adam: the mean over the root of the second moment).
public struct SubspaceConfiguration: Sendable, Hashable, Codable {
  /// What becomes of N.
  public enum Rule: Sendable, Hashable, Codable {
    /// W moves by s P N, with P the leading singular vectors of the gradient (GaLore; Zhao et al.,
    /// arXiv 2403.03507).
    case within(GradientProjector)
    /// W moves by s (P N + phi (G - P R)): what lies outside the subspace moves too, each row (or
    /// column) scaled by phi = ‖N‖ / ‖R‖ of the same row. The norm of this part grows from one update to
    /// the next by at most `growthLimit` (Fira; Chen et al., arXiv 2410.01673).
    case withResidual(GradientProjector, growthLimit: Float = 1.01)
    /// W moves by s phi G, with a random P of independent normal numbers of variance 1 / r that is
    /// drawn again when needed and never stored; the norm grows by at most `growthLimit` (APOLLO; Zhu et
    /// al., arXiv 2412.05270).
    case scaledGradient(per: Granularity, growthLimit: Float = 1.01)
  }

  /// What shares a scale phi = ‖N‖ / ‖R‖.
  public enum Granularity: String, Sendable, Hashable, Codable {
    /// Each row or column along the side without P, the larger one as a rule.
    case channel
    /// The whole matrix.
    case tensor
  }

  /// When P is taken anew, counted in a matrix's own updates.
  public enum Refresh: Sendable, Hashable, Codable {
    /// At the steps of a schedule.
    case scheduled(MergeSchedule)
    /// After `every` updates at first; the interval doubles whenever old and new P share at least
    /// `overlap` of their space, ‖P_newᵀ P_old‖² / r (Q-GaLore; Zhang et al., arXiv 2407.08296, with an
    /// overlap that does not depend on signs and order of the vectors).
    case lazy(every: Int, doublingAbove: Double = 0.4)
    /// When P holds on average less than `share` of the gradient's energy, ‖R‖² / ‖G‖², and at the
    /// latest after `atMost` updates (AdaRankGrad; Refael et al., arXiv 2410.17881).
    case converged(below: Double = 0.5, atMost: Int)
  }

  /// r.
  public var rank: RankRule
  /// The side of P.
  public var side: SideRule
  /// s, used as it is.
  public var scale: Float
  /// What becomes of N.
  public var rule: Rule
  /// When P is taken anew.
  public var refresh: Refresh
  /// What becomes of the inner optimizer's state then; where the rank changes, `keep` projects.
  public var stateRule: StateRule
  /// How P is stored.
  public var projectionFormat: WeightFormat

  /// GaLore of rank r and scale s unless said otherwise.
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

/// What becomes of an optimizer's state when a projection is replaced.
public enum StateRule: String, Sendable, Hashable, Codable, CaseIterable {
  /// Kept although the basis changed, as in published code.
  case keep
  /// Started from zero.
  case reset
  /// Carried over into the new basis.
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
  /// The rule in words.
  public var description: String {
    switch self {
    case .scheduled(let schedule): "\(schedule)"
    case .lazy(let every, let overlap): "every \(every) steps, doubling above overlap \(overlap)"
    case .converged(let share, let limit):
      "when less than \(share) of the gradient is inside, at most \(limit) steps"
    }
  }
}
