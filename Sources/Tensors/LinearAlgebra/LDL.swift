/// The factorisation `a = pᵀ l d lᵀ p` of a symmetric matrix, which need not be definite, after a
/// permutation of its rows and columns (Bunch and Kaufman with bounded pivots).
public struct LDL<Scalar: RealScalar>: Sendable {
  /// Lower triangular with a diagonal of ones, `[n, n]`.
  public let l: Tensor<Scalar>
  /// Symmetric, with blocks of one or two rows on its diagonal: `[n, n]`.
  public let d: Tensor<Scalar>
  /// The row of the matrix that each row of `l` is, `[n]`: with these rows and columns, in this order,
  /// the matrix is `l d lᵀ`.
  public let rowOrder: Tensor<Int32>

  /// Factors `a` `[n, n]`, of which only the lower triangle with the diagonal is used. Traps when it is
  /// not square; throws when it has a NaN or infinite element. A singular matrix has factors, too.
  public init(of a: Tensor<Scalar>) throws(LinearAlgebraError) {
    try a.checkMatrix("ldl", square: true)
    let n = a.shape[0]
    var (factors, beside) = (a.copied(), Tensor<Scalar>.zeros([n]))
    var pivots = Tensor<Int32>.zeros([n])
    let info =
      n == 0
      ? 0
      : factors.withMutablePointer { factors in
        beside.withMutablePointer { beside in
          pivots.withMutablePointer { pivots in
            Scalar.lapack.sytrf(
              LAPACKTable<Scalar>.rowMajor, CChar("L"), Int32(n), factors, Int32(n), beside, pivots)
          }
        }
      }
    precondition(info >= 0, "ldl: LAPACK refused matrix \(a.shape), info \(info)")
    l = factors.lowerTriangle(offset: -1) + .identity(n)
    var d = Tensor.diagonal(factors.diagonal())
    for i in 0..<max(0, n - 1) where beside[i] != 0 {
      d[i + 1, i] = beside[i]
      d[i, i + 1] = beside[i]
    }
    self.d = d
    var order = Array(0..<Int32(n))
    // LAPACK swaps rows one after another, counts them from 1, and marks blocks of two by the sign.
    for (row, pivot) in pivots.scalars.enumerated() {
      order.swapAt(row, Int(pivot.magnitude) - 1)
    }
    rowOrder = Tensor(order)
  }
}
