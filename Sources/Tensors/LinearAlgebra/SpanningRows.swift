/// Rows of a matrix that span, as far as rounding can tell, what all of them span. Found by
/// Cholesky factorisation, with complete pivoting, of the Gram matrix of the normalised rows.
struct SpanningRows<Scalar: RealScalar> {
  /// All rows, the spanning ones first.
  let order: [Int32]
  /// The number of rows that span.
  let rank: Int
  /// The lengths of the rows, in this order.
  let lengths: [Scalar]
  /// `[rows, rank]`: the normalised rows, in this order, in terms of orthonormal vectors.
  let coordinates: Tensor<Scalar>

  /// Nil if the rows are not finite.
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
    // The remainder of a row of length 1 has lost all digits at the square root of this.
    let tolerance = 2 * GramFactor<Scalar>.leastSpread
    // LAPACK's panels here are products with vectors, which take half the time on one thread.
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

/// Orthonormal columns, as many as y `[m, n]` has, whose span contains its columns up to rounding.
/// Those past its rank are random but do not advance the source, as their number depends on
/// rounding.
func orthonormalBasis<Scalar: RealScalar>(
  of y: Tensor<Scalar>, _ source: inout RandomSource
) throws(LinearAlgebraError) -> Tensor<Scalar> {
  var filler = source.split("directions")
  return try completed(orthonormalSpan(of: y), to: y.shape[1], &filler)
}

/// Orthonormal columns that span those of y `[m, n]` up to rounding, as many as its rank: first the
/// columns that stand out, then what the others add to them, normalised again, where that exceeds
/// `noise` times their length. Householder reflections do the same at a fraction of the speed of
/// matrix products.
func orthonormalSpan<Scalar: RealScalar>(
  of y: Tensor<Scalar>, noise: Double = Tensor<Scalar>.noise
) throws(LinearAlgebraError) -> Tensor<Scalar> {
  let count = y.shape[1]
  if count == 0 { return y }
  var basis = Tensor<Scalar>.zeros([y.shape[0], 0])
  var rest = y.transposed()
  // Each round resolves lengths down to some 2^-8 of the previous round's; a float has three such
  // steps.
  for _ in 0..<3 {
    guard let spanning = SpanningRows(of: rest) else { return try QR(of: y).q }
    guard spanning.rank > 0 else { break }
    let lengths = Tensor<Scalar>(spanning.lengths.map { $0 > 0 ? 1 / $0 : 0 })
    let rows = rest.gatheringRows(at: Tensor(spanning.order)) * lengths.reshaped(to: [-1, 1])
    let found = rows.sliced(0..<spanning.rank).transposed().copied()
    let columns =
      basis.shape[1] == 0
      ? try found.orthonormalizingColumns() : try found.orthonormalizingColumns(beside: basis)
    basis = .concatenated([basis, columns], alongAxis: 1)
    guard basis.shape[1] < count else { break }
    rest = rows.sliced(spanning.rank..<rows.shape[0])
    rest.addProduct(matmul(rest, basis), basis.transposed(), scale: -1)
    // What is only rounding may lie in the span already, and must not be normalised.
    let left = rest.transposed().squaredColumnLengths()
    let kept = left.indices.filter { left[$0] > noise * noise }.map { Int32($0) }
    if kept.isEmpty { break }
    if kept.count < left.count { rest = rest.gatheringRows(at: Tensor(kept)) }
  }
  return basis
}
