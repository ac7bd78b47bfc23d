/// Eigenvalues and orthonormal eigenvectors of a symmetric matrix `[n, n]`; of a batch, they have its
/// leading axes, too.
public struct SymmetricEigen<Scalar: RealScalar>: Sendable {
  /// Eigenvalues, ascending: `[k]`.
  public let values: Tensor<Scalar>
  /// Eigenvectors as columns, in the order of the values: `[n, k]`.
  public let vectors: Tensor<Scalar>

  /// All eigenvalues and eigenvectors of `a`, of which only the lower triangle and the diagonal are
  /// used. Traps when `a` is not square; throws when it has a NaN or infinite element or LAPACK does
  /// not converge.
  public init(of a: Tensor<Scalar>) throws(LinearAlgebraError) {
    if a.rank > 2 {
      let parts = try a.eachMatrix { matrix throws(LinearAlgebraError) in
        try SymmetricEigen(of: matrix)
      }
      let n = a.shape.lastDimension
      self.init(
        values: a.joined(parts.map(\.values), [n]), vectors: a.joined(parts.map(\.vectors), [n, n]))
      return
    }
    try a.checkMatrix("symmetricEigen", square: true)
    try self.init(lower: a.copied())
  }

  init(values: Tensor<Scalar>, vectors: Tensor<Scalar>) {
    self.values = values
    self.vectors = vectors
  }

  /// The decomposition of a finite matrix given by its lower triangle, in its own storage.
  init(lower a: consuming Tensor<Scalar>) throws(LinearAlgebraError) {
    var workspace = Workspace<Scalar>()
    var vectors = a
    var values = Tensor<Scalar>.zeros([vectors.shape[0]])
    try workspace.decomposeSymmetric(&vectors, &values)
    self.values = values
    self.vectors = vectors.transposed()
  }

  /// The `count` largest eigenvalues of `a` and their eigenvectors. Traps when `a` is not square or
  /// has fewer than `count` rows; throws as `init(of:)` does.
  public init(of a: Tensor<Scalar>, largest count: Int) throws(LinearAlgebraError) {
    try a.checkMatrix("symmetricEigen", square: true)
    let n = a.shape[0]
    precondition(
      count >= 0 && count <= n,
      "symmetricEigen: matrix \(a.shape) does not have \(count) eigenvalues")
    var workspace = Workspace<Scalar>()
    var values = Tensor<Scalar>.zeros([count])
    var vectors = Tensor<Scalar>.zeros([count, n])
    try workspace.symmetricEigen(of: a, values: &values, vectors: &vectors)
    self.values = values
    self.vectors = vectors.transposed()
  }
}

/// All eigenvalues, ascending, and eigenvectors of a symmetric matrix. Traps and throws as
/// `SymmetricEigen.init` does.
public func symmetricEigen<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> SymmetricEigen<Scalar>
{
  try SymmetricEigen(of: a)
}

/// The `count` largest eigenvalues, ascending, and their eigenvectors. Traps and throws as
/// `SymmetricEigen.init` does.
public func symmetricEigen<Scalar: RealScalar>(_ a: Tensor<Scalar>, largest count: Int)
  throws(LinearAlgebraError) -> SymmetricEigen<Scalar>
{
  try SymmetricEigen(of: a, largest: count)
}

/// All eigenvalues, ascending, of a symmetric matrix, `[n]`, without the eigenvectors, which take
/// most of the time. Traps and throws as `SymmetricEigen.init` does.
public func symmetricEigenvalues<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  if a.rank > 2 {
    return a.joined(
      try a.eachMatrix { matrix throws(LinearAlgebraError) in try symmetricEigenvalues(matrix) },
      [a.shape.lastDimension])
  }
  try a.checkMatrix("symmetricEigenvalues", square: true)
  var workspace = Workspace<Scalar>()
  var work = a.copied()
  var values = Tensor<Scalar>.zeros([a.shape[0]])
  try workspace.decomposeSymmetric(&work, &values, vectors: false)
  return values
}
