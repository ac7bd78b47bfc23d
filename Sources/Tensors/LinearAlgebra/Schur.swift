/// The real Schur form `a = z t zᵀ` of a square matrix `[n, n]`.
public struct Schur<Scalar: RealScalar>: Sendable {
  /// Upper triangular but for blocks of two rows on the diagonal, one for each pair of complex
  /// eigenvalues: `[n, n]`.
  public let t: Tensor<Scalar>
  /// Orthonormal columns, `[n, n]`.
  public let z: Tensor<Scalar>
  /// The eigenvalues in the order of the diagonal of `t`: `[n]`.
  public let eigenvalues: ComplexTensor<Scalar>

  /// Decomposes `a`. Traps when it is not square; throws when it has a NaN or infinite element or
  /// LAPACK's QR iteration does not converge.
  public init(of a: Tensor<Scalar>) throws(LinearAlgebraError) {
    try a.checkMatrix("schur", square: true)
    let n = a.shape[0]
    var (t, z) = (a.copied(), Tensor<Scalar>.identity(n))
    var (real, imaginary) = (Tensor<Scalar>.zeros([n]), Tensor<Scalar>.zeros([n]))
    var selected: Int32 = 0
    let side = Int32(n)
    let info =
      n == 0
      ? 0
      : t.withMutablePointer { t in
        z.withMutablePointer { z in
          real.withMutablePointer { real in
            imaginary.withMutablePointer { imaginary in
              Scalar.lapack.gees(
                LAPACKTable<Scalar>.rowMajor, CChar("V"), side, t, side, &selected,
                real, imaginary, z, side)
            }
          }
        }
      }
    guard info == 0 else {
      throw LinearAlgebraError(
        routine: "gees", info: Int(info), message: "no convergence for matrix \(a.shape)")
    }
    self.t = t
    self.z = z
    eigenvalues = ComplexTensor(real: real, imaginary: imaginary)
  }
}

/// The form `a = q h qᵀ` of a square matrix `[n, n]`.
public struct Hessenberg<Scalar: RealScalar>: Sendable {
  /// Upper triangular but for the diagonal below the main one: `[n, n]`.
  public let h: Tensor<Scalar>
  /// Orthonormal columns, `[n, n]`.
  public let q: Tensor<Scalar>

  /// Reduces `a` by Householder reflections. Traps when it is not square; throws when it has a NaN or
  /// infinite element.
  public init(of a: Tensor<Scalar>) throws(LinearAlgebraError) {
    try a.checkMatrix("hessenberg", square: true)
    let n = a.shape[0]
    guard n > 2 else {
      (h, q) = (a, .identity(n))
      return
    }
    var reflectors = a.copied()
    var tau = Tensor<Scalar>.zeros([n - 1])
    let side = Int32(n)
    var info = reflectors.withMutablePointer { x in
      tau.withMutablePointer {
        Scalar.lapack.gehrd(LAPACKTable<Scalar>.rowMajor, side, 1, side, x, side, $0)
      }
    }
    h = reflectors.upperTriangle(offset: -1)
    if info == 0 {
      info = reflectors.withMutablePointer { x in
        tau.withPointer {
          Scalar.lapack.orghr(LAPACKTable<Scalar>.rowMajor, side, 1, side, x, side, $0)
        }
      }
    }
    precondition(info == 0, "hessenberg: LAPACK refused matrix \(a.shape), info \(info)")
    q = reflectors
  }
}
