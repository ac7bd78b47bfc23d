/// The factorisation `p a = l u` of an `[m, n]` matrix into triangles after a permutation of its
/// rows; for a square one, what `solve` reuses for many right-hand sides.
public struct LU<Scalar: RealScalar>: Sendable {
  /// LAPACK's packed triangles, in column-major order: `[n, m]`.
  private let factors: Tensor<Scalar>
  private let pivots: Tensor<Int32>
  private let zeroPivot: Int

  /// Factors `a` `[m, n]` by elimination with partial pivoting. Traps if `a` is not a matrix;
  /// throws if it has a NaN or infinite element. A singular matrix has factors, too.
  public init(of a: Tensor<Scalar>) throws(LinearAlgebraError) {
    precondition(a.rank == 2, "lu: shape \(a.shape) is not a matrix")
    let (m, n) = (a.shape[0], a.shape[1])
    var workspace = Workspace<Scalar>()
    var factors = Tensor<Scalar>.zeros([n, m])
    var pivots = Tensor<Int32>.zeros([min(m, n)])
    zeroPivot = try workspace.lu(of: a, factors: &factors, pivots: &pivots)
    self.factors = factors
    self.pivots = pivots
  }

  /// The number of rows and columns of the matrix.
  private var sides: (m: Int, n: Int) { (factors.shape[1], factors.shape[0]) }

  /// Lower triangular with a diagonal of ones, `[m, min(m, n)]`.
  public var l: Tensor<Scalar> {
    let (m, k) = (sides.m, pivots.elementCount)
    var l = factors.transposed().sliced(0..<k, alongAxis: 1).copied()
    l.withMutablePointer { l in
      for row in 0..<m {
        if row < k { l[row * k + row] = 1 }
        if row + 1 < k { (l + row * k + row + 1).update(repeating: 0, count: k - row - 1) }
      }
    }
    return l
  }

  /// Upper triangular, `[min(m, n), n]`.
  public var u: Tensor<Scalar> {
    let (n, k) = (sides.n, pivots.elementCount)
    var u = factors.transposed().sliced(0..<k).copied()
    u.withMutablePointer { u in
      for row in 0..<k { (u + row * n).update(repeating: 0, count: row) }
    }
    return u
  }

  /// The row of the matrix that each row of `l u` is, `[m]`: `a.gatheringRows(at: rowOrder)` is `l
  /// u`.
  public var rowOrder: Tensor<Int32> {
    var order = (0..<Int32(sides.m)).map { $0 }
    // LAPACK swaps rows one after another, and counts them from 1.
    for (row, pivot) in pivots.scalars.enumerated() { order.swapAt(row, Int(pivot) - 1) }
    return Tensor(order)
  }

  /// The permutation matrix p with `p a = l u`, `[m, m]`.
  public var p: Tensor<Scalar> { Tensor.identity(sides.m).gatheringRows(at: rowOrder) }

  /// Whether `u` has an exact zero on its diagonal. Traps if the matrix is not square.
  public var isSingular: Bool {
    checkSquare("LU")
    return zeroPivot > 0
  }

  private func checkSquare(_ operation: StaticString) {
    precondition(sides.m == sides.n, "\(operation): matrix [\(sides.m), \(sides.n)] is not square")
  }

  private func checkRegular() throws(LinearAlgebraError) {
    guard zeroPivot == 0 else {
      throw LinearAlgebraError(
        routine: "getrf", info: zeroPivot, message: "matrix \(factors.shape) is singular")
    }
  }

  /// The solution x of `a x = b`, for a square `a` `[n, n]` and b `[n]` or `[n, k]`; of b's shape.
  /// Traps when the shapes do not fit; throws when the matrix is exactly singular.
  public func solve(_ b: Tensor<Scalar>) throws(LinearAlgebraError) -> Tensor<Scalar> {
    checkSquare("solve")
    try checkRegular()
    let n = factors.shape[0]
    precondition(
      (b.rank == 1 || b.rank == 2) && b.shape[0] == n,
      "solve: matrix \(factors.shape) and right-hand side \(b.shape) do not fit")
    // LAPACK wants the columns of b contiguous: a transposed copy, returned as a view.
    var x = b.transposed().copied()
    let columns = b.rank == 1 ? 1 : b.shape[1]
    guard n > 0, columns > 0 else { return b }
    let info = x.withMutablePointer { x in
      factors.withPointer { factors in
        pivots.withPointer { pivots in
          Threads.withBLASThreads(n * n) { Scalar._getrs(n, columns, factors, n, pivots, x, n) }
        }
      }
    }
    precondition(info == 0, "solve: LAPACK refused \(factors.shape) and \(b.shape), info \(info)")
    return x.transposed()
  }

  /// The inverse, `[n, n]`. Traps and throws as `solve` does.
  public func inverse() throws(LinearAlgebraError) -> Tensor<Scalar> {
    try solve(.identity(sides.n))
  }

  /// The sign of the determinant, 1 or -1, and the natural logarithm of its magnitude, which
  /// neither overflows nor underflows; 0 and -infinity if the matrix is exactly singular. Traps if
  /// the matrix is not square.
  public var logDeterminant: (sign: Int, logarithm: Double) {
    if isSingular { return (0, -.infinity) }
    var sign = 1
    var logarithm = 0.0
    for i in 0..<factors.shape[0] {
      let diagonal = Double(factors[i, i])
      // LAPACK counts rows from 1.
      if (diagonal < 0) != (Int(pivots[i]) != i + 1) { sign = -sign }
      logarithm += ScalarMath.log(Swift.abs(diagonal))
    }
    return (sign, logarithm)
  }

  /// The determinant, multiplied out in double precision; 1 for an empty matrix. Traps if the
  /// matrix is not square.
  public var determinant: Double {
    if isSingular { return 0 }
    return (0..<factors.shape[0]).reduce(1) { product, i in
      product * Double(factors[i, i]) * (Int(pivots[i]) != i + 1 ? -1 : 1)
    }
  }
}

/// The factorisation `p a = l u` of a matrix. Traps and throws as `LU.init` does.
public func lu<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> LU<Scalar>
{
  try LU(of: a)
}

/// The solution x of `a x = b`, for a square `a` `[n, n]` and b `[n]` or `[n, k]`; of b's shape. Of a
/// batch, matrices `[..., n, n]` and right-hand sides `[..., n, k]` broadcast, or one vector `[n]` is
/// for all. Traps when the shapes do not fit; throws when `a` has a NaN or infinite element or is
/// exactly singular.
public func solve<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  if a.rank > 2 || b.rank > 2 { return try solveBatch(a, b) }
  return try LU(of: a).solve(b)
}

/// The inverse of a square matrix, or of each of a batch `[..., n, n]`. Traps and throws as `solve` does. To apply it to something,
/// `solve` is cheaper and more accurate.
public func inverse<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  a.rank > 2
    ? try solveBatch(a, .identity(a.shape.lastDimension)) : try LU(of: a).inverse()
}

/// The determinant of a square matrix, by LU with products in double precision; 0 if an exact zero
/// turns up on the diagonal. Traps if `a` is not square; throws if it has a NaN or infinite
/// element.
public func determinant<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Double
{
  try LU(of: a).determinant
}

/// The sign of the determinant and the natural logarithm of its magnitude; 0 and -infinity if the
/// matrix is exactly singular. Traps and throws as `determinant` does.
public func logDeterminant<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> (sign: Int, logarithm: Double)
{
  try LU(of: a).logDeterminant
}
