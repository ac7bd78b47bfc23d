/// The eigenvalues and right eigenvectors of a pair of square matrices `[n, n]`: `a v = lambda b v` for
/// each column v.
public struct GeneralizedEigen<Scalar: RealScalar>: Sendable {
  /// The numerators of the eigenvalues, in no particular order: `[n]`.
  public let numerators: ComplexTensor<Scalar>
  /// The denominators of the eigenvalues, not negative; 0 for one that is infinite: `[n]`.
  public let denominators: Tensor<Scalar>
  /// The eigenvectors as columns, each with a largest element of magnitude 1: `[n, n]`.
  public let vectors: ComplexTensor<Scalar>

  /// The eigenvalues; infinite or NaN where the denominator is 0.
  public var values: ComplexTensor<Scalar> {
    ComplexTensor(
      real: numerators.real / denominators, imaginary: numerators.imaginary / denominators)
  }

  /// Decomposes the pair. Traps when the matrices are not square and of one size; throws when one has
  /// a NaN or infinite element or LAPACK's QZ iteration does not converge.
  public init(of a: Tensor<Scalar>, _ b: Tensor<Scalar>) throws(LinearAlgebraError) {
    try a.checkMatrix("generalizedEigen", square: true)
    try b.checkMatrix("generalizedEigen", square: true)
    precondition(a.shape == b.shape, "generalizedEigen: shapes \(a.shape) and \(b.shape) differ")
    let n = a.shape[0]
    var (x, y, v) = (a.copied(), b.copied(), Tensor<Scalar>.zeros([n, n]))
    var numbers = Tensor<Scalar>.zeros([3, n])
    let side = Int32(n)
    let info =
      n == 0
      ? 0
      : x.withMutablePointer { x in
        y.withMutablePointer { y in
          v.withMutablePointer { v in
            numbers.withMutablePointer { w in
              Scalar.lapack.ggev(
                LAPACKTable<Scalar>.rowMajor, CChar("N"), CChar("V"), side, x, side, y, side, w,
                w + n,
                w + 2 * n, nil, side, v, side)
            }
          }
        }
      }
    guard info == 0 else {
      throw LinearAlgebraError(
        routine: "ggev", info: Int(info), message: "no convergence for matrices \(a.shape)")
    }
    numerators = ComplexTensor(real: numbers.element(at: 0), imaginary: numbers.element(at: 1))
    denominators = numbers.element(at: 2)
    vectors = conjugatePairs(v.transposed(), numerators.imaginary)
  }
}

/// The eigenvectors as columns from LAPACK's rows, in which a conjugate pair is stored as the real and
/// the imaginary part of its first vector.
private func conjugatePairs<Scalar: RealScalar>(
  _ rows: Tensor<Scalar>, _ imaginaryValues: Tensor<Scalar>
) -> ComplexTensor<Scalar> {
  var (real, imaginary) = (rows, Tensor<Scalar>.zeros(rows.shape))
  for j in 0..<imaginaryValues.elementCount where imaginaryValues[j] > 0 {
    let part = rows.element(at: j + 1)
    imaginary[j, .ellipsis] = part
    imaginary[j + 1, .ellipsis] = -part
    real[j + 1, .ellipsis] = rows.element(at: j)
  }
  return ComplexTensor(real: real.transposed(), imaginary: imaginary.transposed())
}

extension SymmetricEigen {
  /// All eigenvalues and eigenvectors of `a v = lambda b v` for a symmetric `a` and a symmetric
  /// positive definite `b`, of which only the lower triangles are used; `vᵀ b v` is 1 for each vector.
  /// Traps when they are not square and of one size; throws when one has a NaN or infinite element, `b`
  /// is not positive definite, or LAPACK does not converge.
  public init(of a: Tensor<Scalar>, relativeTo b: Tensor<Scalar>) throws(LinearAlgebraError) {
    try a.checkMatrix("symmetricEigen", square: true)
    try b.checkMatrix("symmetricEigen", square: true)
    precondition(a.shape == b.shape, "symmetricEigen: shapes \(a.shape) and \(b.shape) differ")
    let n = a.shape[0]
    var (x, y, w) = (a.copied(), b.copied(), Tensor<Scalar>.zeros([n]))
    let side = Int32(n)
    let info =
      n == 0
      ? 0
      : x.withMutablePointer { x in
        y.withMutablePointer { y in
          w.withMutablePointer { w in
            Scalar.lapack.sygvd(
              LAPACKTable<Scalar>.rowMajor, 1, CChar("V"), CChar("L"), side, x, side, y, side, w)
          }
        }
      }
    guard info == 0 else {
      throw LinearAlgebraError(
        routine: "sygvd", info: Int(info),
        message: info > n
          ? "the second matrix \(b.shape) is not positive definite from its row \(Int(info) - n) on"
          : "no convergence for matrices \(a.shape)")
    }
    self.init(values: w, vectors: x)
  }
}
