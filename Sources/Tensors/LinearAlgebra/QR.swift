/// The factorisation `a = q r` of an `[m, n]` matrix into orthonormal columns and an upper
/// triangle.
public struct QR<Scalar: RealScalar>: Sendable {
  /// Orthonormal columns: `[m, min(m, n)]` when thin, `[m, m]` when full.
  public let q: Tensor<Scalar>
  /// Upper triangular: `[min(m, n), n]` when thin, `[m, n]` when full. Its diagonal may be negative.
  public let r: Tensor<Scalar>

  /// Factors a matrix by Householder reflections. Traps if `a` is not a matrix; throws if it has a
  /// NaN or infinite element.
  public init(of a: Tensor<Scalar>, _ size: FactorSize = .thin) throws(LinearAlgebraError) {
    precondition(a.rank == 2, "qr: shape \(a.shape) is not a matrix")
    let (m, n) = (a.shape[0], a.shape[1])
    let columns = size == .thin ? min(m, n) : m
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
