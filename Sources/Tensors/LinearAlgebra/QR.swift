/// The factorisation `a = q r` of an `[m, n]` matrix into orthonormal columns and an upper
/// triangle; of a batch `[..., m, n]`, the factors have its leading axes, too.
public struct QR<Scalar: RealScalar>: Sendable {
  /// Orthonormal columns: `[m, min(m, n)]` when thin, `[m, m]` when full.
  public let q: Tensor<Scalar>
  /// Upper triangular: `[min(m, n), n]` when thin, `[m, n]` when full. Its diagonal may be negative.
  public let r: Tensor<Scalar>

  /// Factors a matrix by Householder reflections. Traps if `a` is not a matrix; throws if it has a
  /// NaN or infinite element.
  public init(of a: Tensor<Scalar>, _ size: FactorSize = .thin) throws(LinearAlgebraError) {
    precondition(a.rank >= 2, "qr: shape \(a.shape) is not a matrix")
    let (m, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1])
    let columns = size == .thin ? min(m, n) : m
    if a.rank > 2 {
      let parts = try a.eachMatrix { matrix throws(LinearAlgebraError) in
        try QR(of: matrix, size)
      }
      q = a.joined(parts.map(\.q), [m, columns])
      r = a.joined(parts.map(\.r), [columns, n])
      return
    }
    var workspace = Workspace<Scalar>()
    var q = Tensor<Scalar>.zeros([m, columns])
    var r = Tensor<Scalar>.zeros([columns, n])
    try workspace.qr(of: a, q: &q, r: &r)
    self.q = q
    self.r = r
  }
}

/// The factorisation `a = q r` of a matrix. Traps and throws as `QR.init` does.
public func qr<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ size: FactorSize = .thin)
  throws(LinearAlgebraError) -> QR<Scalar>
{
  try QR(of: a, size)
}
