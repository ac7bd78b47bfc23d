/// The leading singular vectors of one side of an operator.
public struct SingularVectors<Scalar: RealScalar>: Sendable {
  /// Orthonormal columns, `[length of the side, rank]`, by descending singular value; the component
  /// of largest magnitude of each is positive.
  public let vectors: Tensor<Scalar>
  /// The side they belong to.
  public let side: SingularSide
  /// Estimates of their singular values, descending, `[rank]`; 0 past the effective rank.
  public let singularValues: Tensor<Scalar>
  /// How many of the vectors the operator determines. The others, orthonormal to these, were drawn
  /// at random: the operator's rank, as far as the method can tell it from rounding, is lower than
  /// the one asked for.
  public let effectiveRank: Int
}

/// The `rank` leading singular vectors of an operator `[rows, columns]`, on its shorter side (the
/// left one when equal) unless `side` says otherwise; the shorter side costs less.
///
/// Traps when `rank` is above the shorter side. Throws when the operator is zero or has NaN or
/// infinite products, and when LAPACK does not converge.
public func leadingSingularVectors<Operator: LinearOperator>(
  of a: Operator, rank: Int, side: SingularSide? = nil,
  method: TruncationMethod = .automatic, using source: inout RandomSource
) throws(LinearAlgebraError) -> SingularVectors<Operator.Scalar> {
  checkRank(rank, a, "leadingSingularVectors")
  let side = side ?? a.shorterSide
  if side == a.shorterSide || a.rows == a.columns {
    let basis =
      side == .left
      ? try leadingRows(of: a, rank, method, &source)
      : try leadingRows(of: TransposedOperator(base: a), rank, method, &source)
    return SingularVectors(
      vectors: basis.rows.transposed().contiguous(), side: side,
      singularValues: basis.singularValues, effectiveRank: basis.effectiveRank)
  }
  let svd = try truncatedSVD(of: a, rank: rank, method: method, using: &source)
  var rows = (side == .left ? svd.u.transposed() : svd.vt).contiguous()
  _ = makeLargestPositive(&rows)
  let kept = svd.effectiveRank
  try completeRows(&rows, from: kept, &source)
  return SingularVectors(
    vectors: rows.transposed().contiguous(), side: side,
    singularValues: svd.singularValues.zeroed(from: kept), effectiveRank: kept)
}

func checkRank(_ rank: Int, _ a: some LinearOperator, _ operation: StaticString) {
  precondition(
    rank >= 0 && rank <= min(a.rows, a.columns),
    "\(operation): rank \(rank) of an operator [\(a.rows), \(a.columns)]")
}

/// Left singular vectors as rows `[rank, a.rows]`, with their values, of an operator whose rows are
/// its shorter side.
func leadingRows<A: LinearOperator>(
  of a: A, _ rank: Int, _ method: TruncationMethod, _ source: inout RandomSource
) throws(LinearAlgebraError) -> (
  rows: Tensor<A.Scalar>, singularValues: Tensor<A.Scalar>, effectiveRank: Int
) {
  typealias Scalar = A.Scalar
  guard rank > 0 else { return (.zeros([0, a.rows]), .empty, 0) }
  let scale = try unitScale(of: a, &source)
  var rows: Tensor<Scalar>
  var values: Tensor<Scalar>
  var effective: Int
  switch method.resolved(for: a, rank: rank) {
  case .exact, .automatic:
    let svd = try SVD(of: a.dense())
    effective = svd.rank()
    rows = svd.u.transposed().sliced(0..<rank).contiguous()
    values = svd.singularValues.sliced(0..<rank)
  case .gram:
    (rows, values, effective) = try leadingEigenrows(of: a.gram(.left, scale: scale), rank)
    values = values / scale
  case .randomized(let oversampling, let powerIterations):
    precondition(
      oversampling >= 0 && powerIterations >= 0,
      "randomized: oversampling \(oversampling) and power iterations \(powerIterations) not >= 0")
    let sample = min(a.rows, rank + oversampling)
    var y = a.apply(.normal([a.columns, sample], using: &source))
    for _ in 0..<powerIterations {
      y = a.apply(a.applyTransposed(try QR(of: y).q) * scale)
    }
    let basis = try QR(of: y).q
    let z = a.applyTransposed(basis) * scale
    (rows, values, effective) = try leadingEigenrows(of: matmul(z.transposed(), z), rank)
    rows = matmul(rows, basis.transposed())
    values = values / scale
  }
  effective = min(effective, rank, a.rankBound)
  _ = makeLargestPositive(&rows)
  try completeRows(&rows, from: effective, &source)
  return (rows, values.zeroed(from: effective), effective)
}

/// The leading eigenvectors, as rows by descending eigenvalue, of a Gram matrix; the square roots
/// of their eigenvalues; and how many of these stand out of the rounding of the Gram matrix.
private func leadingEigenrows<Scalar: RealScalar>(of gram: Tensor<Scalar>, _ count: Int)
  throws(LinearAlgebraError)
  -> (rows: Tensor<Scalar>, values: Tensor<Scalar>, effectiveRank: Int)
{
  let eigen = try SymmetricEigen(of: gram, largest: count)
  let squares = eigen.values.scalars.reversed().map { max(0, $0) }
  let order = Tensor((0..<Int32(count)).reversed())
  let noise = 16 * Scalar.ulpOfOne * (squares.first ?? 0)
  return (
    eigen.vectors.transposed().gatheringRows(at: order),
    Tensor(squares.map { $0.squareRoot() }), squares.count { $0 > noise }
  )
}

/// A power of two that brings the operator near norm 1 when its squares might overflow or underflow,
/// 1 otherwise; found from the product with one random vector.
private func unitScale<A: LinearOperator>(of a: A, _ source: inout RandomSource)
  throws(LinearAlgebraError) -> A.Scalar
{
  let probe = a.apply(.normal([a.columns, 1], using: &source))
  let largest = probe.elementCount == 0 ? 0 : Double(abs(probe).maximum())
  guard largest.isFinite else {
    throw LinearAlgebraError(
      routine: "singular vectors",
      message: "operator [\(a.rows), \(a.columns)] has NaN or infinite products")
  }
  guard largest > 0 else {
    throw LinearAlgebraError(
      routine: "singular vectors", message: "operator [\(a.rows), \(a.columns)] is zero")
  }
  if (1e-6...1e6).contains(largest) { return 1 }
  let exponent = max(-120, min(120, -Int(largest.exponent)))
  return A.Scalar(sign: .plus, exponent: A.Scalar.Exponent(exponent), significand: 1)
}

/// Replaces the rows from `start` on by random ones that make all rows orthonormal.
private func completeRows<Scalar: RealScalar>(
  _ rows: inout Tensor<Scalar>, from start: Int, _ source: inout RandomSource
) throws(LinearAlgebraError) {
  let (count, length) = (rows.shape[0], rows.shape[1])
  guard start < count else { return }
  let kept = rows.sliced(0..<start)
  var rest = Tensor<Scalar>.normal([length, count - start], using: &source)
  // Once more, because the first projection leaves rounding errors that its QR magnifies.
  for _ in 0..<2 {
    rest.addProduct(kept.transposed(), matmul(kept, rest), scale: -1)
    rest = try QR(of: rest).q
  }
  var added = rest.transposed().contiguous()
  _ = makeLargestPositive(&added)
  rows = .concatenated([kept, added])
}

/// Negates every row whose component of largest magnitude (the first of equals) is negative, and
/// says which.
func makeLargestPositive<Scalar: RealScalar>(_ rows: inout Tensor<Scalar>) -> [Bool] {
  let (count, length) = (rows.shape[0], rows.shape[1])
  guard length > 0 else { return Array(repeating: false, count: count) }
  return rows.withMutablePointer { base in
    (0..<count).map { index in
      let row = base + index * length
      let (high, low) = (Scalar._maximum(row, length), Scalar._minimum(row, length))
      let negative =
        high == -low
        ? (0..<length).first { row[$0] == high || row[$0] == low }.map { row[$0] < 0 }!
        : high < -low
      if negative { Scalar._unary(UnaryKernel.negate.rawValue, row, row, length) }
      return negative
    }
  }
}

extension Tensor where Scalar: RealScalar {
  /// A vector with zeros from position `start` on.
  fileprivate func zeroed(from start: Int) -> Tensor {
    start >= elementCount
      ? self : .concatenated([sliced(0..<start), .zeros([elementCount - start])])
  }
}
