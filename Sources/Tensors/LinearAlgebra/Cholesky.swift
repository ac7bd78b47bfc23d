/// The factorisation `a = l lᵀ` of a symmetric positive definite matrix.
public struct Cholesky<Scalar: RealScalar>: Sendable {
  /// Lower triangular, `[n, n]`, with a positive diagonal.
  public let l: Tensor<Scalar>

  /// Factors `a` `[n, n]`, of which only the lower triangle and the diagonal are used. Traps when
  /// `a` is not square; throws when it has a NaN or infinite element or is not positive definite.
  public init(of a: Tensor<Scalar>) throws(LinearAlgebraError) {
    try a.checkMatrix("cholesky", square: true)
    let n = a.shape[0]
    var factor = a.copied()
    // A row-major lower triangle is LAPACK's upper one.
    let info = factor.withMutablePointer { factor in
      let info = n == 0 ? 0 : Threads.withBLASThreads(n * n) { Scalar._potrf(n, factor, n) }
      for row in 0..<n {
        (factor + row * n + row + 1).update(repeating: 0, count: n - row - 1)
      }
      return info
    }
    guard info == 0 else {
      throw LinearAlgebraError(
        routine: "potrf", info: Int(info),
        message: "matrix \(a.shape) is not positive definite from its row \(info) on")
    }
    l = factor
  }

  /// The x of `a x = b`, for b `[n]` or `[n, k]`; of b's shape. Traps when the shapes do not fit.
  public func solve(_ b: Tensor<Scalar>) -> Tensor<Scalar> {
    substitute(
      .lower, l, substitute(.lower, l, b, "Cholesky.solve"), "Cholesky.solve", transposed: true)
  }
}

/// The factorisation `a = l lᵀ`. Traps and throws as `Cholesky.init` does.
public func cholesky<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Cholesky<Scalar>
{
  try Cholesky(of: a)
}
