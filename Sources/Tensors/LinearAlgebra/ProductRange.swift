/// Orthonormal columns that span the range of the product nearᵀ far of `near` `[t, n]` and `far`
/// `[t, m]`, `[n, rank of the product]`; nil where that is 0 or they are not finite. The vectors of far need no
/// product with those of near unless they depend on each other, as those of repeated tokens may.
func rangeOfProduct<Scalar: RealScalar>(near: Tensor<Scalar>, far: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>?
{
  guard near.shape[0] > 0, let spanning = SpanningRows(of: far), spanning.rank > 0 else {
    return nil
  }
  // Beyond a dependence, what a Gram matrix can tell is not all there is. Vectors that were computed
  // depend on each other up to their own rounding, magnified by that of those they are told from.
  let noise = 8 * Tensor<Scalar>.noise
  var rows = near
  if spanning.rank < near.shape[0] {
    rows = matmul(
      matmul(far, try orthonormalSpan(of: far.transposed(), noise: noise)).transposed(), near)
  }
  guard let chosen = SpanningRows(of: rows) else { return nil }
  guard chosen.rank == rows.shape[0] else {
    return try orthonormalSpan(of: rows.transposed(), noise: noise)
  }
  let lengths = Tensor<Scalar>(chosen.lengths.map { 1 / $0 }).reshaped(to: [chosen.rank, 1])
  let basis = rows.gatheringRows(at: Tensor(chosen.order)) * lengths
  return try basis.transposed().copied().orthonormalizingColumns()
}
