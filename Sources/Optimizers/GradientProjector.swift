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
    try projection(
      of: FactoredOperator(gradient.d, gradient.x), rank: rank, side: side,
      random: random)
  }

  /// The projection of rank r for a dense gradient `[out, in]`. Throws when it is zero or not finite.
  public func projection(
    of gradient: Tensor<Float>, rank: Int, side: ProjectionSide, random: RandomSource
  ) throws(LinearAlgebraError) -> Projection {
    try projection(of: DenseOperator(gradient), rank: rank, side: side, random: random)
  }

  private func projection(
    of gradient: some LinearOperator<Float>, rank: Int, side: ProjectionSide, random: RandomSource
  ) throws(LinearAlgebraError) -> Projection {
    var source = random
    let space = try leadingSubspace(
      of: gradient, rank: rank, side: side == .left ? .right : .left, method: method,
      using: &source)
    return Projection(basis: space.basis, effectiveRank: space.effectiveRank)
  }
}
