/// Eigenvalues and orthonormal eigenvectors of a symmetric matrix `[n, n]`.
public struct SymmetricEigen<Scalar: RealScalar>: Sendable {
  /// Eigenvalues, ascending: `[k]`.
  public let values: Tensor<Scalar>
  /// Eigenvectors as columns, in the order of the values: `[n, k]`.
  public let vectors: Tensor<Scalar>

  /// All eigenvalues and eigenvectors of `a`, of which only the lower triangle and the diagonal are
  /// used. Traps when `a` is not square; throws when it has a NaN or infinite element or LAPACK does
  /// not converge.
  public init(of a: Tensor<Scalar>) throws(LinearAlgebraError) {
    try a.checkMatrix("symmetricEigen", square: true)
    try self.init(lower: a.copied())
  }

  /// The decomposition of a finite matrix, in its own storage.
  init(lower a: consuming Tensor<Scalar>) throws(LinearAlgebraError) {
    let n = a.shape[0]
    var work = a
    var values = Tensor<Scalar>.zeros([n])
    let info = work.withMutablePointer { work in
      values.withMutablePointer { values in
        n == 0 ? 0 : Threads.withBLASThreads(n * n) { Scalar._syevd(true, n, work, n, values) }
      }
    }
    try Self.check(info, "syevd", work.shape)
    self.values = values
    vectors = work.transposed()
  }

  /// The `count` largest eigenvalues of `a` and their eigenvectors. Traps when `a` is not square or
  /// has fewer than `count` rows; throws as `init(of:)` does.
  public init(of a: Tensor<Scalar>, largest count: Int) throws(LinearAlgebraError) {
    try a.checkMatrix("symmetricEigen", square: true)
    let n = a.shape[0]
    precondition(
      count >= 0 && count <= n, "symmetricEigen: no \(count) largest eigenvalues of \(a.shape)")
    // Beyond a quarter of them, divide and conquer for all is faster.
    guard count > 0, 4 * count <= n else {
      let all = try SymmetricEigen(of: a)
      values = all.values.sliced(n - count..<n)
      vectors = all.vectors.sliced(n - count..<n, alongAxis: 1)
      return
    }
    var work = a.copied()
    // LAPACK may use all n places of the values.
    var values = Tensor<Scalar>.zeros([n])
    var vectors = Tensor<Scalar>.zeros([count, n])
    let info = work.withMutablePointer { work in
      values.withMutablePointer { values in
        vectors.withMutablePointer { vectors in
          Threads.withBLASThreads(n * n) {
            Scalar._syevr(n, work, n, n - count + 1, n, values, vectors, n)
          }
        }
      }
    }
    if info != 0 {
      let all = try SymmetricEigen(of: a)
      self.values = all.values.sliced(n - count..<n)
      self.vectors = all.vectors.sliced(n - count..<n, alongAxis: 1)
      return
    }
    self.values = values.sliced(0..<count)
    self.vectors = vectors.transposed()
  }

  fileprivate static func check(_ info: Int32, _ routine: String, _ shape: Shape)
    throws(LinearAlgebraError)
  {
    guard info == 0 else {
      throw LinearAlgebraError(
        routine: routine, info: Int(info), message: "no convergence for matrix \(shape)")
    }
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

/// All eigenvalues, ascending, of a symmetric matrix, `[n]`, without its eigenvectors, which take most
/// of the time. Traps and throws as `SymmetricEigen.init` does.
public func symmetricEigenvalues<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  try a.checkMatrix("symmetricEigenvalues", square: true)
  let n = a.shape[0]
  var work = a.copied()
  var values = Tensor<Scalar>.zeros([n])
  let info = work.withMutablePointer { work in
    values.withMutablePointer { values in
      n == 0 ? 0 : Threads.withBLASThreads(n * n) { Scalar._syevd(false, n, work, n, values) }
    }
  }
  try SymmetricEigen<Scalar>.check(info, "syevd", work.shape)
  return values
}
