/// The leading singular vectors of one side of an operator.
public struct SingularVectors<Scalar: RealScalar>: Sendable {
  /// Orthonormal columns, `[length of the side, rank]`, by descending singular value; the component
  /// of largest magnitude of each is positive.
  public let vectors: Tensor<Scalar>
  /// The side they belong to.
  public let side: SingularSide
  /// Estimates of their singular values, descending, `[rank]`; 0 past the effective rank.
  public let singularValues: Tensor<Scalar>
  /// How many of the vectors the operator determines. The others are random and orthonormal to
  /// these: the operator's rank, as far as the method can tell it from rounding, is lower than the
  /// one asked for.
  public let effectiveRank: Int
}

/// A basis of the space of the leading singular vectors of one side of an operator.
public struct SingularSubspace<Scalar: RealScalar>: Sendable {
  /// Orthonormal columns, `[length of the side, rank]`, in no particular order; the component of
  /// largest magnitude of each is positive.
  public let basis: Tensor<Scalar>
  /// The side it belongs to.
  public let side: SingularSide
  /// How many dimensions the operator determines, as in `SingularVectors`; those columns are first.
  public let effectiveRank: Int
}

/// The `rank` leading singular vectors of an operator `[rows, columns]`, on its shorter side (the
/// left one if equal) unless `side` says otherwise; the shorter side costs less.
///
/// Traps when `rank` is above the shorter side. Throws when the operator is zero or has NaN or
/// infinite products, and when LAPACK does not converge.
public func leadingSingularVectors<Operator: LinearOperator>(
  of a: Operator, rank: Int, side: SingularSide? = nil,
  method: TruncationMethod = .automatic, using source: inout RandomSource
) throws(LinearAlgebraError) -> SingularVectors<Operator.Scalar> {
  checkRank(rank, a, "leadingSingularVectors")
  let side = side ?? a.shorterSide
  var found = try leadingVectors(of: a, rank, side, method, .vectors, &source)
  let vectors = found.takeVectors()
  return SingularVectors(
    vectors: vectors, side: side, singularValues: found.values,
    effectiveRank: found.effectiveRank)
}

/// A basis of the space that the `rank` leading singular vectors span, for when only the space is
/// wanted: the same space as that of `leadingSingularVectors` up to the method's accuracy, often
/// for less. Where singular values decay slowly it keeps less of the energy, which is then spread
/// over many directions anyway: 97 % of what the best basis keeps at i^-0.5, 90 % at i^-0.3. Traps
/// and throws as `leadingSingularVectors` does.
public func leadingSubspace<Operator: LinearOperator>(
  of a: Operator, rank: Int, side: SingularSide? = nil,
  method: TruncationMethod = .automatic, using source: inout RandomSource
) throws(LinearAlgebraError) -> SingularSubspace<Operator.Scalar> {
  checkRank(rank, a, "leadingSubspace")
  let side = side ?? a.shorterSide
  var found = try leadingVectors(of: a, rank, side, method, .basis, &source)
  return SingularSubspace(
    basis: found.takeVectors(), side: side, effectiveRank: found.effectiveRank)
}

func checkRank(_ rank: Int, _ a: some LinearOperator, _ operation: StaticString) {
  precondition(
    rank >= 0 && rank <= min(a.rows, a.columns),
    "\(operation): rank \(rank) does not fit an operator [\(a.rows), \(a.columns)]")
}
