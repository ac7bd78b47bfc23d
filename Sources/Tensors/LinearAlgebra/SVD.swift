/// How many singular vectors, or columns of Q, a factorisation of an `[m, n]` matrix returns.
public enum FactorSize: Hashable, Sendable {
  /// `min(m, n)`: as many as there are singular values.
  case thin
  /// All of them: square orthogonal factors.
  case full
}

/// The singular value decomposition `a = u diag(singularValues) vt` of an `[m, n]` matrix, or of each of
/// a batch `[..., m, n]`, whose leading axes the factors then have, too.
public struct SVD<Scalar: RealScalar>: Sendable {
  /// Left singular vectors as columns: `[m, k]`, k = min(m, n) when thin, m when full.
  public let u: Tensor<Scalar>
  /// Singular values, descending and not negative: `[min(m, n)]`.
  public let singularValues: Tensor<Scalar>
  /// Right singular vectors as rows: `[k, n]`, k = min(m, n) when thin, n when full.
  public let vt: Tensor<Scalar>

  /// Decomposes a matrix. Traps if `a` is not a matrix; throws if it has a NaN or infinite element,
  /// or if neither of LAPACK's drivers (divide and conquer, then QR iteration) converges.
  public init(of a: Tensor<Scalar>, _ size: FactorSize = .thin) throws(LinearAlgebraError) {
    precondition(a.rank >= 2, "svd: shape \(a.shape) is not a matrix")
    let (m, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1])
    let (left, right) = size == .thin ? (min(m, n), min(m, n)) : (m, n)
    if a.rank > 2 {
      let parts = try a.eachMatrix { matrix throws(LinearAlgebraError) in
        try SVD(of: matrix, size)
      }
      self.init(
        u: a.joined(parts.map(\.u), [m, left]),
        singularValues: a.joined(parts.map(\.singularValues), [min(m, n)]),
        vt: a.joined(parts.map(\.vt), [right, n]))
      return
    }
    var workspace = Workspace<Scalar>()
    var values = Tensor<Scalar>.zeros([min(m, n)])
    if !a.isContiguous, a.transposed().isContiguous {
      var (v, ut) = (Tensor<Scalar>.zeros([n, right]), Tensor<Scalar>.zeros([left, m]))
      try workspace.svd(of: a.transposed(), u: &v, singularValues: &values, vt: &ut)
      self.init(u: ut.transposed(), singularValues: values, vt: v.transposed())
    } else {
      var (u, vt) = (Tensor<Scalar>.zeros([m, left]), Tensor<Scalar>.zeros([right, n]))
      try workspace.svd(of: a, u: &u, singularValues: &values, vt: &vt)
      self.init(u: u, singularValues: values, vt: vt)
    }
  }

  init(u: Tensor<Scalar>, singularValues: Tensor<Scalar>, vt: Tensor<Scalar>) {
    self.u = u
    self.singularValues = singularValues
    self.vt = vt
  }

  /// The product of the factors, `[m, n]`.
  public func reconstructed() -> Tensor<Scalar> {
    let k = singularValues.shape.lastDimension
    return matmul(
      u.sliced(0..<k, alongAxis: -1) * singularValues.expandingShape(at: -2),
      vt.sliced(0..<k, alongAxis: -2))
  }

  /// The number of singular values above `tolerance` times the largest; by default the machine
  /// precision times the longer side. Traps for a batch.
  public func rank(tolerance: Scalar? = nil) -> Int {
    precondition(u.rank == 2, "SVD: factors \(u.shape) are of a batch; take one matrix")
    let values = singularValues.scalars
    guard let largest = values.first, largest > 0 else { return 0 }
    let limit = (tolerance ?? Scalar.ulpOfOne * Scalar(max(u.shape[0], vt.shape[1]))) * largest
    return values.count { $0 > limit }
  }

  /// The x of least norm among those that minimise `norm(a x - b)`, for b `[m]` or `[m, k]`: `[n]`
  /// or `[n, k]`. Singular values that `rank(tolerance:)` does not count are treated as zero. Traps
  /// when the shapes do not fit.
  public func leastSquares(_ b: Tensor<Scalar>, tolerance: Scalar? = nil) -> Tensor<Scalar> {
    precondition(
      (b.rank == 1 || b.rank == 2) && b.shape[0] == u.shape[0],
      "leastSquares: matrix [\(u.shape[0]), \(vt.shape[1])] and right-hand side \(b.shape) do not fit"
    )
    if b.rank == 1 {
      return leastSquares(b.expandingShape(at: 1), tolerance: tolerance).squeezingShape(at: 1)
    }
    let k = rank(tolerance: tolerance)
    let coordinates = matmul(u.sliced(0..<k, alongAxis: 1).transposed(), b)
    return matmul(
      vt.sliced(0..<k).transposed(),
      coordinates / singularValues.sliced(0..<k).expandingShape(at: 1))
  }
}

/// The singular value decomposition of an `[m, n]` matrix. Traps and throws as `SVD.init` does.
public func svd<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ size: FactorSize = .thin)
  throws(LinearAlgebraError) -> SVD<Scalar>
{
  try SVD(of: a, size)
}

/// The singular values of a matrix, descending: `[min(m, n)]`, or of each of a batch. Traps and throws as `SVD.init` does.
public func singularValues<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  precondition(a.rank >= 2, "svd: shape \(a.shape) is not a matrix")
  if a.rank > 2 {
    return a.joined(
      try a.eachMatrix { matrix throws(LinearAlgebraError) in try singularValues(matrix) },
      [min(a.shape[a.rank - 2], a.shape[a.rank - 1])])
  }
  let rows = !a.isContiguous && a.transposed().isContiguous ? a.transposed() : a
  var workspace = Workspace<Scalar>()
  var values = Tensor<Scalar>.zeros([min(a.shape[0], a.shape[1])])
  try workspace.singularValues(of: rows, into: &values)
  return values
}

/// The x of least norm among those that minimise `norm(a x - b)`: `a` `[m, n]`, `b` `[m]` or
/// `[m, k]`. Traps when the shapes do not fit; throws as `SVD.init` does.
public func leastSquares<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  try SVD(of: a).leastSquares(b)
}

/// One of LAPACK's drivers: `_gesdd` or `_gesvd`.
typealias SVDDriver<Scalar> = (
  Character, Int, Int, UnsafeMutablePointer<Scalar>, Int, UnsafeMutablePointer<Scalar>,
  UnsafeMutablePointer<Scalar>, Int, UnsafeMutablePointer<Scalar>, Int, LAPACKScratch<Scalar>
) -> Int32
