/// Rows of a matrix that span, as far as rounding can tell, what all of them span: by Cholesky's
/// factorisation with complete pivoting of the Gram matrix of the rows at length 1.
private struct SpanningRows<Scalar: RealScalar> {
  /// All rows, the spanning ones first.
  let order: [Int32]
  /// How many span.
  let rank: Int
  /// The lengths of the rows, in their order here.
  let lengths: [Scalar]
  /// `[rows, rank]`: the rows at length 1, in this order, with respect to orthonormal vectors.
  let coordinates: Tensor<Scalar>

  /// Nil where the rows are not finite.
  init?(of rows: Tensor<Scalar>) {
    let n = rows.shape[0]
    let (gram, scale) = GramSpace.scaledGram(rows)
    let squares = (0..<n).map { gram[$0, $0] }
    guard squares.allSatisfy(\.isFinite) else { return nil }
    let lengths = squares.map { $0.squareRoot() }
    let inverses = Tensor<Scalar>(lengths.map { $0 > 0 ? 1 / $0 : 0 })
    var factor = gram * inverses * inverses.reshaped(to: [n, 1])
    var pivots = [Int32](repeating: 0, count: n)
    var rank: Int32 = 0
    // What is left of a row of length 1 has lost all digits at the square root of this.
    let tolerance = 2 * GramFactor<Scalar>.leastSpread
    // LAPACK's panels here are products with vectors: on one thread they take half the time.
    Threads.prepareBLAS()
    let info = factor.withMutablePointer { factor in
      Scalar._pstrf(n, factor, n, &pivots, &rank, tolerance)
    }
    guard info >= 0 else { return nil }
    self.rank = Int(rank)
    order = pivots.map { $0 - 1 }
    self.lengths = order.map { lengths[Int($0)] / scale }
    coordinates =
      factor.sliced(0..<Int(rank)).upperTriangle().transposed()
  }
}

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
