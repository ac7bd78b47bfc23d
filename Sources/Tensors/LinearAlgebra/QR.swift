/// The factorisation `a = q r` of an `[m, n]` matrix into orthonormal columns and an upper
/// triangle.
public struct QR<Scalar: RealScalar>: Sendable {
  /// Orthonormal columns: `[m, min(m, n)]` when thin, `[m, m]` when full.
  public let q: Tensor<Scalar>
  /// Upper triangular: `[min(m, n), n]` when thin, `[m, n]` when full. Its diagonal may be negative.
  public let r: Tensor<Scalar>

  /// Factors a matrix by Householder reflections. Traps when `a` is not one; throws when it has a
  /// NaN or infinite element.
  public init(of a: Tensor<Scalar>, _ size: FactorSize = .thin) throws(LinearAlgebraError) {
    try a.checkMatrix("qr")
    let (m, n) = (a.shape[0], a.shape[1])
    let k = min(m, n)
    let columns = size == .thin ? k : m
    guard k > 0 else {
      q = .identity(m).sliced(0..<columns, alongAxis: 1)
      r = .zeros([columns, n])
      return
    }
    // LAPACK sees aᵀ = l qᵀ, an LQ factorisation, with l's lower triangle where ours of r is.
    var work = a.copied()
    var tau = Tensor<Scalar>.zeros([k])
    var info = work.withMutablePointer { work in
      tau.withMutablePointer { tau in
        Threads.withBLASThreads(m * n) { Scalar._gelqf(n, m, work, n, tau) }
      }
    }
    try Self.check(info, "gelqf", a.shape)
    var triangle = columns == k ? work.sliced(0..<k).copied() : work
    triangle.withMutablePointer { triangle in
      for row in 0..<columns {
        (triangle + row * n).update(repeating: 0, count: min(row, n))
      }
    }
    // The reflectors lie in the first k columns; q needs room for `columns`.
    if columns != n {
      let reflectors = work.sliced(0..<k, alongAxis: 1)
      work =
        columns == k
        ? reflectors.copied()
        : .concatenated([reflectors, .zeros([m, columns - k])], alongAxis: 1)
    }
    info = work.withMutablePointer { work in
      tau.withPointer { tau in
        Threads.withBLASThreads(m * n) { Scalar._orglq(columns, m, k, work, columns, tau) }
      }
    }
    try Self.check(info, "orglq", a.shape)
    q = work
    r = triangle
  }

  private static func check(_ info: Int32, _ routine: String, _ shape: Shape)
    throws(LinearAlgebraError)
  {
    guard info == 0 else {
      throw LinearAlgebraError(
        routine: routine, info: Int(info), message: "LAPACK refused matrix \(shape)")
    }
  }
}

/// The factorisation `a = q r` of a matrix. Traps and throws as `QR.init` does.
public func qr<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ size: FactorSize = .thin)
  throws(LinearAlgebraError) -> QR<Scalar>
{
  try QR(of: a, size)
}
