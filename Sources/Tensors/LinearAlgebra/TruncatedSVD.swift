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
  /// How many of the singular values exceed the rounding of the largest.
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
  var found = try leadingVectors(of: a, rank, a.shorterSide, method, .both, &source)
  var (u, v) =
    a.shorterSide == .left ? (found.vectors, found.others!) : (found.others!, found.vectors)
  // As nothing else holds them, they change sign in place.
  (found.vectors, found.others) = (.empty, nil)
  var vt = (consume v).transposed()
  if let signs = u.signsOfLargestInColumns() {
    u *= signs
    vt *= signs.reshaped(to: [rank, 1])
  }
  return TruncatedSVD(
    u: u.contiguous(), singularValues: found.values, vt: vt.contiguous(),
    effectiveRank: found.effectiveRank)
}
