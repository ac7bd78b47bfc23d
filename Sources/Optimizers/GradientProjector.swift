public import Autodiff
public import Tensors

/// The side of a gradient G `[out, in]` that a projection applies to.
public enum ProjectionSide: String, Sendable, Hashable, Codable {
  /// P `[in, r]` holds the leading right singular vectors of G, which are the left ones of the paper's
  /// in x out gradient.
  case left
  /// P `[out, r]` holds the leading left singular vectors of G.
  case right

  /// The smaller side of a matrix `[out, in]`; left for a square one.
  public init(out: Int, in input: Int) { self = input <= out ? .left : .right }

  /// The other side.
  public var opposite: ProjectionSide { self == .left ? .right : .left }

  /// The length of the columns of P for a matrix `[out, in]`.
  public func length(out: Int, in input: Int) -> Int { self == .left ? input : out }
}

/// The rule for the side of each matrix that projections apply to. The smaller side, as in LoQT and
/// GaLore, makes P smallest, but B, or the moments of the projected gradient, largest.
public enum SideRule: String, Sendable, Hashable, Codable, CaseIterable {
  /// The smaller side; left for a square matrix.
  case smaller
  /// The larger side; right for a square matrix.
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

/// Computes the projection for a layer's gradient: its leading singular vectors on one side.
public struct GradientProjector: Sendable, Hashable, Codable {
  /// How the singular vectors are computed.
  public var method: TruncationMethod

  /// A projector.
  public init(method: TruncationMethod = .automatic) { self.method = method }

  /// A projection, and how many of its columns the gradient determined.
  public struct Projection: Sendable {
    /// P with orthonormal columns, `[in, r]` or `[out, r]` by side.
    public var basis: Tensor<Float>
    /// The number of columns with positive singular values; the others complete the basis.
    public var effectiveRank: Int
  }

  /// The projection of rank r for the gradient dᵀ x, which is formed only if that is cheaper. Throws if
  /// the gradient is zero or not finite.
  public func projection(
    of gradient: FactoredGradient, rank: Int, side: ProjectionSide, random: RandomSource
  ) throws(LinearAlgebraError) -> Projection {
    try projection(of: gradient, rule: .count(rank), side: side, random: random)
  }

  /// The projection of rank r for a dense gradient `[out, in]`. Throws if it is zero or not finite.
  public func projection(
    of gradient: Tensor<Float>, rank: Int, side: ProjectionSide, random: RandomSource
  ) throws(LinearAlgebraError) -> Projection {
    try projection(of: gradient, rule: .count(rank), side: side, random: random)
  }

  /// The projection for the gradient dᵀ x with a rank chosen by `rule`. Throws if the gradient is zero or
  /// not finite.
  public func projection(
    of gradient: FactoredGradient, rule: RankRule, side: ProjectionSide, random: RandomSource
  ) throws(LinearAlgebraError) -> Projection {
    try projection(
      of: FactoredOperator(gradient.d, gradient.x), rule: rule, side: side, random: random)
  }

  /// The projection for a dense gradient `[out, in]` with a rank chosen by `rule`. Throws if the gradient
  /// is zero or not finite.
  public func projection(
    of gradient: Tensor<Float>, rule: RankRule, side: ProjectionSide, random: RandomSource
  ) throws(LinearAlgebraError) -> Projection {
    try projection(of: DenseOperator(gradient), rule: rule, side: side, random: random)
  }

  /// The sum of squares of all elements. For a product dᵀ x it is <d dᵀ, x xᵀ>, which is cheaper than the
  /// product if there are few tokens compared with its sides.
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
