extension Workspace {
  /// The k largest eigenvalues of `a` `[n, n]`, of which only the lower triangle and the diagonal
  /// are used: ascending into `values` `[k]`, with the eigenvectors as rows of `vectors` `[k, n]`.
  /// Traps when the shapes do not fit; throws as `SymmetricEigen.init` does.
  public mutating func symmetricEigen(
    of a: Tensor<Scalar>, values: inout Tensor<Scalar>, vectors: inout Tensor<Scalar>
  ) throws(LinearAlgebraError) {
    try a.checkMatrix("symmetricEigen", square: true)
    let (n, count) = (a.shape[0], values.elementCount)
    precondition(
      values.shape == [count] && vectors.shape == [count, n] && count <= n,
      "symmetricEigen: \(values.shape) and \(vectors.shape) do not fit a matrix \(a.shape)")
    guard count > 0 else { return }
    if count == n {
      vectors.withMutablePointer { a.copy(to: $0) }
      try decomposeSymmetric(&vectors, &values)
      return
    }
    let work = matrix(n * n + n)
    let all = work + n * n
    // For more than a quarter of them, divide and conquer for all is faster.
    if 4 * count <= n {
      a.copy(to: work)
      let info = vectors.withMutablePointer { vectors in
        run(n * n) { Scalar._syevr(n, work, n, n - count + 1, n, all, vectors, n, $0) }
      }
      if info == 0 {
        values.withMutablePointer { $0.update(from: all, count: count) }
        return
      }
    }
    a.copy(to: work)
    let info = run(n * n / 4) { Scalar._syevd(true, n, work, n, all, $0) }
    try checkConvergence(info, "syevd", a.shape)
    values.withMutablePointer { $0.update(from: all + n - count, count: count) }
    vectors.withMutablePointer { $0.update(from: work + (n - count) * n, count: count * n) }
  }

  /// All eigenvalues of a finite matrix `[n, n]`, ascending. Its eigenvectors, which take most of
  /// the time, replace it as rows if `vectors`.
  mutating func decomposeSymmetric(
    _ a: inout Tensor<Scalar>, _ values: inout Tensor<Scalar>, vectors: Bool = true
  ) throws(LinearAlgebraError) {
    let n = a.shape[0]
    guard n > 0 else { return }
    // Below 1024 rows a second thread gains only a seventh, and OpenBLAS then keeps it busy for
    // some 25 ms, waiting for more.
    let info = a.withMutablePointer { a in
      values.withMutablePointer { values in
        run(n * n / 4) { Scalar._syevd(vectors, n, a, n, values, $0) }
      }
    }
    try checkConvergence(info, "syevd", a.shape)
  }

  /// The eigenvalues of `a` `[n, n]`, in no particular order: their real and imaginary parts into
  /// `[n]` each. Traps when the shapes do not fit; throws as `GeneralEigen.init` does.
  public mutating func eigenvalues(
    of a: Tensor<Scalar>, real: inout Tensor<Scalar>, imaginary: inout Tensor<Scalar>
  ) throws(LinearAlgebraError) {
    try a.checkMatrix("generalEigen", square: true)
    let info = eigenvalues(a, &real, &imaginary, nil)
    try checkConvergence(info, "geev", a.shape)
  }

  /// The eigenvalues of `a` `[n, n]` and its right eigenvectors as rows of `vectors` `[n, n]`. A
  /// conjugate pair of eigenvalues, which are adjacent, has two rows: the real and the imaginary
  /// part of the vector of the first. Traps when the shapes do not fit; throws as
  /// `GeneralEigen.init` does.
  public mutating func generalEigen(
    of a: Tensor<Scalar>, real: inout Tensor<Scalar>, imaginary: inout Tensor<Scalar>,
    vectors: inout Tensor<Scalar>
  ) throws(LinearAlgebraError) {
    try a.checkMatrix("generalEigen", square: true)
    precondition(
      vectors.shape == a.shape, "generalEigen: \(vectors.shape) does not fit a matrix \(a.shape)")
    let info = vectors.withMutablePointer { eigenvalues(a, &real, &imaginary, $0) }
    try checkConvergence(info, "geev", a.shape)
  }

  private mutating func eigenvalues(
    _ a: Tensor<Scalar>, _ real: inout Tensor<Scalar>, _ imaginary: inout Tensor<Scalar>,
    _ vectors: UnsafeMutablePointer<Scalar>?
  ) -> Int32 {
    let n = a.shape[0]
    precondition(
      real.shape == [n] && imaginary.shape == [n],
      "generalEigen: \(real.shape) and \(imaginary.shape) do not fit a matrix \(a.shape)")
    guard n > 0 else { return 0 }
    // Column-major storage of a; its transpose has the same values but other vectors.
    let work = matrix(n * n)
    a.transposed().copy(to: work)
    return real.withMutablePointer { real in
      imaginary.withMutablePointer { imaginary in
        run(n * n) {
          Scalar._geev(vectors != nil, n, work, n, real, imaginary, vectors ?? work, n, $0)
        }
      }
    }
  }
}
