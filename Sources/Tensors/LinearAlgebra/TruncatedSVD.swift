/// The leading part of a singular value decomposition: `u diag(singularValues) vt` is the operator's
/// best approximation of its rank, up to the method's accuracy.
public struct TruncatedSVD<Scalar: RealScalar>: Sendable {
  /// Left singular vectors as columns, `[rows, rank]`; the component of largest magnitude of each is
  /// positive.
  public let u: Tensor<Scalar>
  /// Singular values, descending: `[rank]`.
  public let singularValues: Tensor<Scalar>
  /// Right singular vectors as rows: `[rank, columns]`.
  public let vt: Tensor<Scalar>
  /// How many of the singular values stand out of the rounding of the largest.
  public let effectiveRank: Int

  /// The product of the factors, `[rows, columns]`.
  public func reconstructed() -> Tensor<Scalar> { matmul(u * singularValues, vt) }
}

/// The `rank` leading singular values and vectors of an operator `[rows, columns]`. Traps and throws
/// as `leadingSingularVectors` does.
public func truncatedSVD<Operator: LinearOperator>(
  of a: Operator, rank: Int, method: TruncationMethod = .automatic,
  using source: inout RandomSource
) throws(LinearAlgebraError) -> TruncatedSVD<Operator.Scalar> {
  checkRank(rank, a, "truncatedSVD")
  let (u, values, vt) =
    a.shorterSide == .left
    ? try factors(of: a, rank, method, &source)
    : try swapped(factors(of: TransposedOperator(base: a), rank, method, &source))
  var left = u.transposed().contiguous()
  var right = vt.contiguous()
  let negated = makeLargestPositive(&left)
  if negated.contains(true) {
    right = right * Tensor(negated.map { $0 ? -1 : 1 }, shape: [rank, 1])
  }
  let limit =
    Operator.Scalar.ulpOfOne * Operator.Scalar(max(a.rows, a.columns))
    * (values.scalars.first ?? 0)
  return TruncatedSVD(
    u: left.transposed().contiguous(), singularValues: values, vt: right,
    effectiveRank: min(a.rankBound, values.scalars.count { $0 > limit }))
}

private typealias Factors<Scalar: RealScalar> = (
  u: Tensor<Scalar>, values: Tensor<Scalar>, vt: Tensor<Scalar>
)

private func swapped<Scalar: RealScalar>(_ factors: Factors<Scalar>) -> Factors<Scalar> {
  (factors.vt.transposed(), factors.values, factors.u.transposed())
}

/// The factors of an operator whose rows are its shorter side. Given a basis of the leading left
/// singular vectors, the decomposition of the operator restricted to it has the accuracy of LAPACK.
private func factors<A: LinearOperator>(
  of a: A, _ rank: Int, _ method: TruncationMethod, _ source: inout RandomSource
) throws(LinearAlgebraError) -> Factors<A.Scalar> {
  let basis = try leadingRows(of: a, rank, method, &source).rows
  let restricted = try SVD(of: a.applyTransposed(basis.transposed()).transposed())
  return (matmul(basis.transposed(), restricted.u), restricted.singularValues, restricted.vt)
}
