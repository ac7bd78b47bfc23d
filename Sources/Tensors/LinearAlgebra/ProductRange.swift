/// Orthonormal columns that span the range of the product nearᵀ far of `near` `[t, n]` and `far`
/// `[t, m]`, `[n, rank of the product]`; nil where that is 0 or they are not finite. The vectors of far need no
/// product with those of near unless they depend on each other, as those of repeated tokens may.
func rangeOfProduct<Scalar: RealScalar>(near: Tensor<Scalar>, far: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>?
{
  guard near.shape[0] > 0, let spanning = SpanningRows(of: far), spanning.rank > 0 else {
    return nil
  }
  var rows = near
  if spanning.rank < near.shape[0] {
    let lengths = Tensor<Scalar>(spanning.lengths).reshaped(to: [near.shape[0], 1])
    rows = matmul(
      spanning.coordinates.transposed(), near.gatheringRows(at: Tensor(spanning.order)) * lengths)
  }
  guard let chosen = SpanningRows(of: rows) else { return nil }
  let count = chosen.rank
  let lengths = Tensor<Scalar>(chosen.lengths.prefix(count).map { 1 / $0 }).reshaped(to: [count, 1])
  let basis = rows.gatheringRows(at: Tensor(Array(chosen.order.prefix(count)))) * lengths
  return try basis.transposed().copied().orthonormalizingColumns()
}
