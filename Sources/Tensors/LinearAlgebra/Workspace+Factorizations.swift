extension Workspace {
  /// The singular value decomposition of `a` `[m, n]`, with k = min(m, n): writes `[k]` singular
  /// values, descending, and singular vectors into `u` `[m, k]` and `vt` `[k, n]`, or all of them
  /// into `[m, m]` and `[n, n]`. Traps when the shapes do not fit; throws as `SVD.init` does.
  public mutating func svd(
    of a: Tensor<Scalar>, u: inout Tensor<Scalar>, singularValues: inout Tensor<Scalar>,
    vt: inout Tensor<Scalar>
  ) throws(LinearAlgebraError) {
    try a.checkMatrix("svd")
    let (m, n) = (a.shape[0], a.shape[1])
    let k = min(m, n)
    let isThin = u.shape == [m, k] && vt.shape == [k, n]
    precondition(
      singularValues.shape == [k] && (isThin || (u.shape == [m, m] && vt.shape == [n, n])),
      "svd: \(u.shape), \(singularValues.shape) and \(vt.shape) do not fit a matrix \(a.shape)")
    guard k > 0 else {
      u = .identity(m).sliced(0..<(isThin ? k : m), alongAxis: 1).contiguous()
      vt = .identity(n).sliced(0..<(isThin ? k : n))
      return
    }
    let info = singularValues.withMutablePointer { s in
      u.withMutablePointer { u in
        vt.withMutablePointer { vt in decompose(a, isThin ? "S" : "A", u, s, vt) }
      }
    }
    try checkConvergence(info, "svd", a.shape)
  }

  /// The singular values of `a` `[m, n]`, descending, into `[min(m, n)]`. Traps when the shapes do not
  /// fit; throws as `SVD.init` does.
  public mutating func singularValues(
    of a: Tensor<Scalar>, into values: inout Tensor<Scalar>
  ) throws(LinearAlgebraError) {
    try a.checkMatrix("svd")
    precondition(
      values.shape == [min(a.shape[0], a.shape[1])],
      "singularValues: \(values.shape) does not fit a matrix \(a.shape)")
    guard values.elementCount > 0 else { return }
    // The places of the vectors are not written to.
    let info = values.withMutablePointer { decompose(a, "N", $0, $0, $0) }
    try checkConvergence(info, "svd", a.shape)
  }

  /// Runs the drivers until one converges. LAPACK sees the transpose v s uᵀ of a row-major matrix,
  /// so its "u" is our vt and its "vt" our u, both row-major already. `job` is LAPACK's: S, A or N.
  mutating func decompose(
    _ a: Tensor<Scalar>, _ job: Character, _ u: UnsafeMutablePointer<Scalar>,
    _ s: UnsafeMutablePointer<Scalar>, _ vt: UnsafeMutablePointer<Scalar>,
    drivers: [SVDDriver<Scalar>] = [Scalar._gesdd, Scalar._gesvd]
  ) -> Int32 {
    let (m, n) = (a.shape[0], a.shape[1])
    let left = job == "S" ? min(m, n) : m
    let work = matrix(m * n)
    var info: Int32 = 0
    for driver in drivers {
      // A driver destroys its matrix, so each gets a new copy.
      a.copy(to: work)
      info = run(m * n) { driver(job, n, m, work, n, s, vt, n, u, left, $0) }
      if info == 0 { break }
    }
    return info
  }

  func checkConvergence(_ info: Int32, _ routine: String, _ shape: Shape)
    throws(LinearAlgebraError)
  {
    guard info == 0 else {
      throw LinearAlgebraError(
        routine: routine, info: Int(info), message: "no convergence for matrix \(shape)")
    }
  }

  /// The QR factorisation of `a` `[m, n]`, with k = min(m, n): into `q` `[m, k]` and `r` `[k, n]`, or
  /// `[m, m]` and `[m, n]`. Traps when the shapes do not fit; throws as `QR.init` does.
  public mutating func qr(
    of a: Tensor<Scalar>, q: inout Tensor<Scalar>, r: inout Tensor<Scalar>
  ) throws(LinearAlgebraError) {
    try a.checkMatrix("qr")
    let (m, n) = (a.shape[0], a.shape[1])
    let k = min(m, n)
    let columns = q.rank == 2 ? q.shape[1] : -1
    precondition(
      (columns == k || columns == m) && q.shape == [m, columns] && r.shape == [columns, n],
      "qr: \(q.shape) and \(r.shape) do not fit a matrix \(a.shape)")
    guard k > 0 else {
      q = .identity(m).sliced(0..<columns, alongAxis: 1).contiguous()
      return
    }
    // LAPACK sees aᵀ = l qᵀ, an LQ factorisation, with the lower triangle l where our r is.
    let work = matrix(m * n + k)
    let tau = work + m * n
    a.copy(to: work)
    // Not within the call of `check`, which would read the workspace while `run` changes it.
    var info = run(m * n / 8) { Scalar._gelqf(n, m, work, n, tau, $0) }
    try check(info, "gelqf", a.shape)
    r.withMutablePointer { r in
      for row in 0..<columns {
        let zeros = min(row, n)
        (r + row * n).update(repeating: 0, count: zeros)
        (r + row * n + zeros).update(from: work + row * n + zeros, count: n - zeros)
      }
    }
    info = q.withMutablePointer { q in
      // The reflectors are in the first k columns; q has `columns` of them.
      for row in 0..<m {
        (q + row * columns).update(from: work + row * n, count: k)
      }
      return run(m * n / 8) { Scalar._orglq(columns, m, k, q, columns, tau, $0) }
    }
    try check(info, "orglq", a.shape)
  }

  private func check(_ info: Int32, _ routine: String, _ shape: Shape) throws(LinearAlgebraError) {
    guard info == 0 else {
      throw LinearAlgebraError(
        routine: routine, info: Int(info), message: "LAPACK refused matrix \(shape)")
    }
  }

  /// The Cholesky factor of `a` `[n, n]`, of which only the lower triangle and the diagonal are used,
  /// into `l` `[n, n]`. Traps when the shapes do not fit; throws as `Cholesky.init` does.
  public mutating func cholesky(of a: Tensor<Scalar>, l: inout Tensor<Scalar>)
    throws(LinearAlgebraError)
  {
    try a.checkMatrix("cholesky", square: true)
    precondition(l.shape == a.shape, "cholesky: \(l.shape) does not fit a matrix \(a.shape)")
    let n = a.shape[0]
    // A row-major lower triangle is LAPACK's upper one.
    let info = l.withMutablePointer { l in
      a.copy(to: l)
      let info = n == 0 ? 0 : Threads.withBLASThreads(n * n / 16) { Scalar._potrf(n, l, n) }
      for row in 0..<n { (l + row * n + row + 1).update(repeating: 0, count: n - row - 1) }
      return info
    }
    guard info == 0 else {
      throw LinearAlgebraError(
        routine: "potrf", info: Int(info),
        message: "matrix \(a.shape) is not positive definite from its row \(info) on")
    }
  }

  /// The LU factorisation of `a` `[m, n]` as LAPACK packs it: the transposes of both triangles into
  /// `factors` `[n, m]`, and the row that each row was swapped with, counted from 1, into `pivots`
  /// `[min(m, n)]`. Returns the place of the first exact zero on the diagonal, counted from 1, or
  /// 0. Traps when the shapes do not fit; throws as `LU.init` does.
  public mutating func lu(
    of a: Tensor<Scalar>, factors: inout Tensor<Scalar>, pivots: inout Tensor<Int32>
  ) throws(LinearAlgebraError) -> Int {
    try a.checkMatrix("lu")
    let (m, n) = (a.shape[0], a.shape[1])
    precondition(
      factors.shape == [n, m] && pivots.shape == [min(m, n)],
      "lu: \(factors.shape) and \(pivots.shape) do not fit a matrix \(a.shape)")
    guard m > 0, n > 0 else { return 0 }
    let info = factors.withMutablePointer { factors in
      a.transposed().copy(to: factors)
      return pivots.withMutablePointer { pivots in
        Threads.withBLASThreads(m * n) { Scalar._getrf(m, n, factors, m, pivots) }
      }
    }
    return Int(info)
  }
}
