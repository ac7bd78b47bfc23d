/// Orthonormal columns that span the range of the product nearᵀ far of `near` `[t, n]` and `far`
/// `[t, m]`: `[n, rank of the product]`; nil if the rank is 0 or the factors are not finite. The
/// rows of far are not multiplied by those of near unless they depend on each other, as those of
/// repeated tokens may.
func rangeOfProduct<Scalar: RealScalar>(near: Tensor<Scalar>, far: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>?
{
  guard near.shape[0] > 0, let spanning = SpanningRows(of: far), spanning.rank > 0 else {
    return nil
  }
  // Beyond a dependence, a Gram matrix cannot tell everything. Computed vectors depend on each
  // other only up to their own rounding, magnified by that of the vectors they are expressed by.
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
