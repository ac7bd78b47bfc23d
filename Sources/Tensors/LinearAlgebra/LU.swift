/// The factorisation of a square matrix into triangles with row exchanges: what `solve` reuses for
/// many right-hand sides.
public struct LU<Scalar: RealScalar>: Sendable {
  /// LAPACK's packed triangles of the transposed matrix, in column-major order.
  private let factors: Tensor<Scalar>
  private let pivots: Tensor<Int32>

  /// Factors `a` `[n, n]`. Traps when `a` is not square; throws when it has a NaN or infinite
  /// element or is exactly singular.
  public init(of a: Tensor<Scalar>) throws(LinearAlgebraError) {
    try a.checkMatrix("lu", square: true)
    let n = a.shape[0]
    var factors = a.copied()
    var pivots = Tensor<Int32>.zeros([n])
    let info = factors.withMutablePointer { factors in
      pivots.withMutablePointer { pivots in
        n == 0 ? 0 : Threads.withBLASThreads(n * n) { Scalar._getrf(n, n, factors, n, pivots) }
      }
    }
    guard info == 0 else {
      throw LinearAlgebraError(
        routine: "getrf", info: Int(info), message: "matrix \(a.shape) is singular")
    }
    self.factors = factors
    self.pivots = pivots
  }

  /// The x of `a x = b`, for b `[n]` or `[n, k]`; of b's shape. Traps when the shapes do not fit.
  public func solve(_ b: Tensor<Scalar>) -> Tensor<Scalar> {
    let n = factors.shape[0]
    precondition(
      (b.rank == 1 || b.rank == 2) && b.shape[0] == n,
      "solve: matrix \(factors.shape) and right-hand side \(b.shape) do not fit")
    // LAPACK wants the columns of b dense: a transposed copy, given back as a view.
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

  /// The inverse, `[n, n]`.
  public var inverse: Tensor<Scalar> { solve(.identity(factors.shape[0])) }

  /// The sign of the determinant, 1 or -1, and the natural logarithm of its size, which neither
  /// overflows nor underflows.
  public var logDeterminant: (sign: Int, logarithm: Double) {
    var sign = 1
    var logarithm = 0.0
    for i in 0..<factors.shape[0] {
      let diagonal = Double(factors[i, i])
      // LAPACK counts rows from 1.
      if (diagonal < 0) != (Int(pivots[i]) != i + 1) { sign = -sign }
      logarithm += log(Tensor([Swift.abs(diagonal)])).scalar
    }
    return (sign, logarithm)
  }

  /// The determinant, multiplied up in double precision; 1 of an empty matrix.
  public var determinant: Double {
    (0..<factors.shape[0]).reduce(1) { product, i in
      product * Double(factors[i, i]) * (Int(pivots[i]) != i + 1 ? -1 : 1)
    }
  }
}

/// The x of `a x = b`, for a square `a` `[n, n]` and b `[n]` or `[n, k]`; of b's shape. Traps when
/// the shapes do not fit; throws as `LU.init` does.
public func solve<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  try LU(of: a).solve(b)
}

/// The inverse of a square matrix. Traps and throws as `LU.init` does. To apply it to something,
/// `solve` is cheaper and more accurate.
public func inverse<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  try LU(of: a).inverse
}

/// The determinant of a square matrix, by LU in double precision products; 0 when an exact zero
/// turns up on the diagonal. Traps when `a` is not square; throws when it has a NaN or infinite
/// element.
public func determinant<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Double
{
  do { return try LU(of: a).determinant } catch  where error.info > 0 { return 0 }
}

/// The sign of the determinant and the natural logarithm of its size: 0 and -infinity when the
/// matrix is exactly singular. Traps and throws as `determinant` does.
public func logDeterminant<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> (sign: Int, logarithm: Double)
{
  do { return try LU(of: a).logDeterminant } catch  where error.info > 0 {
    return (0, -.infinity)
  }
}
