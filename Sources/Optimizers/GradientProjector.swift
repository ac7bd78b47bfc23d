public import Autodiff
public import Tensors

/// The side of a gradient G `[out, in]` on which a projection stands: the smaller one.
public enum ProjectionSide: String, Sendable, Hashable, Codable {
  /// in <= out: P `[in, r]` holds the leading right singular vectors of G (the left ones of the
  /// paper's in x out gradient).
  case left
  /// in > out: P `[out, r]` holds the leading left singular vectors of G.
  case right

  /// The side for a matrix `[out, in]`.
  public init(out: Int, in input: Int) { self = input <= out ? .left : .right }
}

/// Finds the projection of a layer's gradient: its leading singular vectors on the smaller side.
public struct GradientProjector: Sendable, Hashable, Codable {
  /// How the singular vectors are computed.
  public var method: TruncationMethod

  /// A projector.
  public init(method: TruncationMethod = .automatic) { self.method = method }

  /// A projection and how much of it the gradient determined.
  public struct Projection: Sendable {
    /// P with orthonormal columns, `[in, r]` or `[out, r]` by side.
    public var basis: Tensor<Float>
    /// Columns that belong to singular values above zero; the others complete the basis.
    public var effectiveRank: Int
  }

  /// The projection of rank r for the gradient dᵀ x, which is not formed where that is cheaper.
  /// Throws when the gradient is zero or not finite.
  public func projection(
    of gradient: FactoredGradient, rank: Int, side: ProjectionSide, random: RandomSource
  ) throws(LinearAlgebraError) -> Projection {
    try projection(of: gradient, rule: .count(rank), side: side, random: random)
  }

  /// The projection of rank r for a dense gradient `[out, in]`. Throws when it is zero or not finite.
  public func projection(
    of gradient: Tensor<Float>, rank: Int, side: ProjectionSide, random: RandomSource
  ) throws(LinearAlgebraError) -> Projection {
    try projection(of: gradient, rule: .count(rank), side: side, random: random)
  }

  /// The projection for the gradient dᵀ x of the rank that a rule gives it. An energy rule forms the
  /// gradient, for its norm. Throws when the gradient is zero or not finite.
  public func projection(
    of gradient: FactoredGradient, rule: RankRule, side: ProjectionSide, random: RandomSource
  ) throws(LinearAlgebraError) -> Projection {
    try projection(
      of: FactoredOperator(gradient.d, gradient.x), rule: rule, side: side, random: random)
  }

  /// The projection for a dense gradient `[out, in]` of the rank that a rule gives it. Throws when the
  /// gradient is zero or not finite.
  public func projection(
    of gradient: Tensor<Float>, rule: RankRule, side: ProjectionSide, random: RandomSource
  ) throws(LinearAlgebraError) -> Projection {
    try projection(of: DenseOperator(gradient), rule: rule, side: side, random: random)
  }

  private func projection(
    of gradient: some LinearOperator<Float>, rule: RankRule, side: ProjectionSide,
    random: RandomSource
  ) throws(LinearAlgebraError) -> Projection {
    let largest = rule.largest(out: gradient.rows, in: gradient.columns)
    var source = random
    let singularSide: SingularSide = side == .left ? .right : .left
    guard case .energy = rule else {
      let space = try leadingSubspace(
        of: gradient, rank: largest, side: singularSide, method: method, using: &source)
      return Projection(basis: space.basis, effectiveRank: space.effectiveRank)
    }
    let vectors = try leadingSingularVectors(
      of: gradient, rank: largest, side: singularSide, method: method, using: &source)
    let rank = rule.rank(
      singularValues: vectors.singularValues.scalars, energy: gradient.dense().sumOfSquares())
    return Projection(
      basis: vectors.vectors.sliced(0..<rank, alongAxis: 1).contiguous(),
      effectiveRank: min(rank, vectors.effectiveRank))
  }
}
