/// The factorisation `a = l q` of an `[m, n]` matrix into a lower triangle and orthonormal rows.
public struct LQ<Scalar: RealScalar>: Sendable {
  /// Lower triangular: `[m, min(m, n)]` when thin, `[m, n]` when full. Its diagonal may be negative.
  public let l: Tensor<Scalar>
  /// Orthonormal rows: `[min(m, n), n]` when thin, `[n, n]` when full.
  public let q: Tensor<Scalar>

  /// Factors a matrix by Householder reflections. Traps if `a` is not a matrix; throws if it has a
  /// NaN or infinite element.
  public init(of a: Tensor<Scalar>, _ size: FactorSize = .thin) throws(LinearAlgebraError) {
    try a.checkMatrix("lq")
    let factors = try QR(of: a.transposed(), size)
    l = factors.r.transposed()
    q = factors.q.transposed()
  }
}

/// The factorisation `a = l q` of a matrix. Traps and throws as `LQ.init` does.
public func lq<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ size: FactorSize = .thin)
  throws(LinearAlgebraError) -> LQ<Scalar>
{
  try LQ(of: a, size)
}
