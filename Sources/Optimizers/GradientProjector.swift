public import Autodiff
public import Tensors

/// The side of a gradient G `[out, in]` on which a projection stands.
public enum ProjectionSide: String, Sendable, Hashable, Codable {
  /// P `[in, r]` holds the leading right singular vectors of G (the left ones of the
  /// paper's in x out gradient).
  case left
  /// P `[out, r]` holds the leading left singular vectors of G.
  case right

  /// The smaller side of a matrix `[out, in]`, the left one of a square.
  public init(out: Int, in input: Int) { self = input <= out ? .left : .right }

  /// The other side.
  public var opposite: ProjectionSide { self == .left ? .right : .left }

  /// The length of the columns of P for a matrix `[out, in]`.
  public func length(out: Int, in input: Int) -> Int { self == .left ? input : out }
}

/// Which side of each matrix projections stand on. On the smaller one, the rule of LoQT and GaLore, P
/// takes the fewest bytes; B, or the moments of the gradient's part in the subspace, then takes the most.
public enum SideRule: String, Sendable, Hashable, Codable, CaseIterable {
  /// The smaller side, the left one of a square.
  case smaller
  /// The larger side, the right one of a square.
  case larger
  /// Always the left side: P `[in, r]`.
  case left
  /// Always the right side: P `[out, r]`.
  case right

  /// The side of a matrix `[out, in]`.
  public func side(out: Int, in input: Int) -> ProjectionSide {
    switch self {
    case .smaller: ProjectionSide(out: out, in: input)
    case .larger: ProjectionSide(out: out, in: input).opposite
    case .left: .left
    case .right: .right
    }
  }
}

/// Finds the projection of a layer's gradient: its leading singular vectors on one side.
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

  /// The projection for the gradient dᵀ x of the rank that a rule gives it. Throws when the gradient is
  /// zero or not finite.
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

  /// The sum of the squares of all elements. That of a product dᵀ x is <d dᵀ, x xᵀ>, which is cheaper
  /// than the product where the tokens are few beside its sides.
  private static func energy(of gradient: some LinearOperator<Float>) -> Double {
    if let (d, x) = gradient.factors,
      d.shape[0] * (gradient.rows + gradient.columns) < gradient.rows * gradient.columns
    {
      return matmul(d, d.transposed()).dot(matmul(x, x.transposed()))
    }
    return gradient.dense().sumOfSquares()
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
      singularValues: vectors.singularValues.scalars, energy: Self.energy(of: gradient))
    return Projection(
      basis: vectors.vectors.sliced(0..<rank, alongAxis: 1).contiguous(),
      effectiveRank: min(rank, vectors.effectiveRank))
  }
}
