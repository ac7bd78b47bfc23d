internal import COpenBLAS

/// The memory that one LAPACK routine works in. A routine that is given a `realCount` of -1 does
/// nothing but say how much it wants, in the first element of both buffers.
public struct LAPACKScratch<Scalar> {
  let reals: UnsafeMutablePointer<Scalar>
  let realCount: Int
  let integers: UnsafeMutablePointer<Int32>
  let integerCount: Int

  var isQuery: Bool { realCount < 0 }
}

/// LAPACK and BLAS routines of one scalar type, on column-major storage unless said otherwise.
///
/// Each requirement is one call that works in place on the caller's buffers and scratch and returns
/// LAPACK's `info`. A row-major matrix is its own transpose in column-major storage, so callers swap
/// operands and nothing is transposed by copying.
public protocol LAPACKScalar {
  /// Row-major `c = alpha op(a) op(b) + beta c` by OpenBLAS on the calling thread's settings.
  static func _gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Self,
    _ a: UnsafePointer<Self>, _ lda: Int, _ b: UnsafePointer<Self>, _ ldb: Int, _ beta: Self,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  )
  /// `y = alpha op(a) x + beta y` for a row-major `[m, n]`; elements of x and y lie `incx` and `incy` apart.
  /// With a beta of 0 y is not read.
  static func _gemv(
    _ transposed: Bool, _ m: Int, _ n: Int, _ alpha: Self, _ a: UnsafePointer<Self>, _ lda: Int,
    _ x: UnsafePointer<Self>, _ incx: Int, _ beta: Self, _ y: UnsafeMutablePointer<Self>,
    _ incy: Int
  )
  /// The lower triangle, the diagonal with it, of row-major `c = op(a) op(a)ᵀ`, `op(a)` of `[n, k]`.
  static func _syrk(
    _ transposed: Bool, _ n: Int, _ k: Int, _ a: UnsafePointer<Self>, _ lda: Int,
    _ c: UnsafeMutablePointer<Self>, _ ldc: Int
  )
  /// Row-major triangular solve of `op(a) x = b`, or of `x op(a) = b` unless `left`, in place of the
  /// `[m, n]` matrix `b`.
  static func _trsm(
    _ left: Bool, _ upper: Bool, _ transposed: Bool, _ m: Int, _ n: Int, _ a: UnsafePointer<Self>,
    _ lda: Int, _ b: UnsafeMutablePointer<Self>, _ ldb: Int
  )
  /// Singular value decomposition by divide and conquer; `a` is destroyed.
  static func _gesdd(
    _ job: Character, _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int,
    _ s: UnsafeMutablePointer<Self>, _ u: UnsafeMutablePointer<Self>, _ ldu: Int,
    _ vt: UnsafeMutablePointer<Self>, _ ldvt: Int, _ scratch: LAPACKScratch<Self>
  ) -> Int32
  /// Singular value decomposition by QR iteration; `a` is destroyed.
  static func _gesvd(
    _ job: Character, _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int,
    _ s: UnsafeMutablePointer<Self>, _ u: UnsafeMutablePointer<Self>, _ ldu: Int,
    _ vt: UnsafeMutablePointer<Self>, _ ldvt: Int, _ scratch: LAPACKScratch<Self>
  ) -> Int32
  /// LQ factorisation: the QR factorisation of a row-major matrix.
  static func _gelqf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int,
    _ tau: UnsafeMutablePointer<Self>, _ scratch: LAPACKScratch<Self>
  ) -> Int32
  /// The first `m` rows of the orthogonal factor of `_gelqf`, from `k` reflectors.
  static func _orglq(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int,
    _ tau: UnsafePointer<Self>, _ scratch: LAPACKScratch<Self>
  ) -> Int32
  /// Cholesky factorisation of the upper triangle, the lower one of a row-major matrix.
  static func _potrf(_ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int) -> Int32
  /// Cholesky factor with complete pivoting, in the lower triangle, the upper one of a row-major
  /// matrix, of a positive semidefinite matrix, up to the first pivot at or below `tolerance`; 1 when
  /// that ended it.
  static func _pstrf(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ pivots: UnsafeMutablePointer<Int32>,
    _ rank: inout Int32, _ tolerance: Self
  ) -> Int32
  /// LU factorisation with partial pivoting.
  static func _getrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int,
    _ pivots: UnsafeMutablePointer<Int32>
  ) -> Int32
  /// Solves with what `_getrf` factored.
  static func _getrs(
    _ n: Int, _ columns: Int, _ a: UnsafePointer<Self>, _ lda: Int,
    _ pivots: UnsafePointer<Int32>, _ b: UnsafeMutablePointer<Self>, _ ldb: Int
  ) -> Int32
  /// All eigenvalues of a symmetric matrix; its eigenvectors, as columns, replace `a` when wanted.
  static func _syevd(
    _ wantsVectors: Bool, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int,
    _ w: UnsafeMutablePointer<Self>,
    _ scratch: LAPACKScratch<Self>
  ) -> Int32
  /// Eigenvalues `first ... last` (from 1, ascending) of a symmetric matrix, in the first places of
  /// the `n` of `w`, and the eigenvectors as columns of `z`; `a` is destroyed.
  static func _syevr(
    _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int, _ first: Int, _ last: Int,
    _ w: UnsafeMutablePointer<Self>, _ z: UnsafeMutablePointer<Self>, _ ldz: Int,
    _ scratch: LAPACKScratch<Self>
  ) -> Int32
  /// Eigenvalues of any square matrix, and with `vectors` its right eigenvectors as columns of `v`
  /// (a conjugate pair as its real and its imaginary part); `a` is destroyed.
  static func _geev(
    _ vectors: Bool, _ n: Int, _ a: UnsafeMutablePointer<Self>, _ lda: Int,
    _ real: UnsafeMutablePointer<Self>, _ imaginary: UnsafeMutablePointer<Self>,
    _ v: UnsafeMutablePointer<Self>, _ ldv: Int, _ scratch: LAPACKScratch<Self>
  ) -> Int32
}

private let columnMajor = Int32(LAPACK_COL_MAJOR)

private func code(_ job: Character) -> CChar { CChar(bitPattern: job.asciiValue!) }

private func int(_ size: Int) -> Int32 { Int32(size) }

extension Float: LAPACKScalar {
  /// `cblas_sgemm`.
  public static func _gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Float,
    _ a: UnsafePointer<Float>, _ lda: Int, _ b: UnsafePointer<Float>, _ ldb: Int, _ beta: Float,
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int
  ) {
    cblas_sgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c,
      blasint(ldc))
  }
  /// `cblas_sgemv`.
  public static func _gemv(
    _ transposed: Bool, _ m: Int, _ n: Int, _ alpha: Float, _ a: UnsafePointer<Float>, _ lda: Int,
    _ x: UnsafePointer<Float>, _ incx: Int, _ beta: Float, _ y: UnsafeMutablePointer<Float>,
    _ incy: Int
  ) {
    // Some releases of OpenBLAS multiply by a beta of 0, which keeps what is not finite.
    if beta == 0 { for i in 0..<(transposed ? n : m) { y[i * incy] = 0 } }
    cblas_sgemv(
      CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, blasint(m), blasint(n), alpha, a,
      blasint(lda), x, blasint(incx), beta, y, blasint(incy))
  }
  /// `cblas_ssyrk`.
  public static func _syrk(
    _ transposed: Bool, _ n: Int, _ k: Int, _ a: UnsafePointer<Float>, _ lda: Int,
    _ c: UnsafeMutablePointer<Float>, _ ldc: Int
  ) {
    cblas_ssyrk(
      CblasRowMajor, CblasLower, transposed ? CblasTrans : CblasNoTrans, blasint(n), blasint(k), 1,
      a, blasint(lda), 0, c, blasint(ldc))
  }
  /// `cblas_strsm`.
  public static func _trsm(
    _ left: Bool, _ upper: Bool, _ transposed: Bool, _ m: Int, _ n: Int, _ a: UnsafePointer<Float>,
    _ lda: Int, _ b: UnsafeMutablePointer<Float>, _ ldb: Int
  ) {
    cblas_strsm(
      CblasRowMajor, left ? CblasLeft : CblasRight, upper ? CblasUpper : CblasLower,
      transposed ? CblasTrans : CblasNoTrans, CblasNonUnit, blasint(m), blasint(n), 1, a,
      blasint(lda), b, blasint(ldb))
  }
  /// `LAPACKE_sgesdd`.
  public static func _gesdd(
    _ job: Character, _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Float>, _ lda: Int,
    _ s: UnsafeMutablePointer<Float>, _ u: UnsafeMutablePointer<Float>, _ ldu: Int,
    _ vt: UnsafeMutablePointer<Float>, _ ldvt: Int, _ scratch: LAPACKScratch<Float>
  ) -> Int32 {
    if scratch.isQuery { scratch.integers[0] = int(8 * min(m, n)) }
    return LAPACKE_sgesdd_work(
      columnMajor, code(job), int(m), int(n), a, int(lda), s, u, int(ldu), vt, int(ldvt),
      scratch.reals, int(scratch.realCount), scratch.integers)
  }
  /// `LAPACKE_sgesvd`.
  public static func _gesvd(
    _ job: Character, _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Float>, _ lda: Int,
    _ s: UnsafeMutablePointer<Float>, _ u: UnsafeMutablePointer<Float>, _ ldu: Int,
    _ vt: UnsafeMutablePointer<Float>, _ ldvt: Int, _ scratch: LAPACKScratch<Float>
  ) -> Int32 {
    LAPACKE_sgesvd_work(
      columnMajor, code(job), code(job), int(m), int(n), a, int(lda), s, u, int(ldu), vt,
      int(ldvt), scratch.reals, int(scratch.realCount))
  }
  /// `LAPACKE_sgelqf`.
  public static func _gelqf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Float>, _ lda: Int,
    _ tau: UnsafeMutablePointer<Float>, _ scratch: LAPACKScratch<Float>
  ) -> Int32 {
    LAPACKE_sgelqf_work(
      columnMajor, int(m), int(n), a, int(lda), tau, scratch.reals, int(scratch.realCount))
  }
  /// `LAPACKE_sorglq`.
  public static func _orglq(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<Float>, _ lda: Int,
    _ tau: UnsafePointer<Float>, _ scratch: LAPACKScratch<Float>
  ) -> Int32 {
    LAPACKE_sorglq_work(
      columnMajor, int(m), int(n), int(k), a, int(lda), tau, scratch.reals,
      int(scratch.realCount))
  }
  /// `LAPACKE_spotrf`.
  public static func _potrf(_ n: Int, _ a: UnsafeMutablePointer<Float>, _ lda: Int) -> Int32 {
    LAPACKE_spotrf_work(columnMajor, code("U"), int(n), a, int(lda))
  }
  /// `LAPACKE_spstrf`.
  public static func _pstrf(
    _ n: Int, _ a: UnsafeMutablePointer<Float>, _ lda: Int,
    _ pivots: UnsafeMutablePointer<Int32>, _ rank: inout Int32, _ tolerance: Float
  ) -> Int32 {
    LAPACKE_spstrf(columnMajor, code("L"), int(n), a, int(lda), pivots, &rank, tolerance)
  }
  /// `LAPACKE_sgetrf`.
  public static func _getrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Float>, _ lda: Int,
    _ pivots: UnsafeMutablePointer<Int32>
  ) -> Int32 {
    LAPACKE_sgetrf_work(columnMajor, int(m), int(n), a, int(lda), pivots)
  }
  /// `LAPACKE_sgetrs`.
  public static func _getrs(
    _ n: Int, _ columns: Int, _ a: UnsafePointer<Float>, _ lda: Int,
    _ pivots: UnsafePointer<Int32>, _ b: UnsafeMutablePointer<Float>, _ ldb: Int
  ) -> Int32 {
    LAPACKE_sgetrs_work(
      columnMajor, code("N"), int(n), int(columns), a, int(lda), pivots, b, int(ldb))
  }
  /// `LAPACKE_ssyevd`.
  public static func _syevd(
    _ wantsVectors: Bool, _ n: Int, _ a: UnsafeMutablePointer<Float>, _ lda: Int,
    _ w: UnsafeMutablePointer<Float>,
    _ scratch: LAPACKScratch<Float>
  ) -> Int32 {
    LAPACKE_ssyevd_work(
      columnMajor, code(wantsVectors ? "V" : "N"), code("U"), int(n), a, int(lda), w, scratch.reals,
      int(scratch.realCount), scratch.integers, int(scratch.integerCount))
  }
  /// `LAPACKE_ssyevr`.
  public static func _syevr(
    _ n: Int, _ a: UnsafeMutablePointer<Float>, _ lda: Int, _ first: Int, _ last: Int,
    _ w: UnsafeMutablePointer<Float>, _ z: UnsafeMutablePointer<Float>, _ ldz: Int,
    _ scratch: LAPACKScratch<Float>
  ) -> Int32 {
    // Where each vector differs from 0 takes the first places.
    let support = scratch.isQuery ? 0 : 2 * n
    var found: Int32 = 0
    let info = LAPACKE_ssyevr_work(
      columnMajor, code("V"), code("I"), code("U"), int(n), a, int(lda), 0, 0, int(first),
      int(last), 0, &found, w, z, int(ldz), scratch.integers, scratch.reals,
      int(scratch.realCount), scratch.integers + support, int(scratch.integerCount - support))
    if scratch.isQuery { scratch.integers[0] += int(2 * n) }
    return info
  }
  /// `LAPACKE_sgeev`.
  public static func _geev(
    _ vectors: Bool, _ n: Int, _ a: UnsafeMutablePointer<Float>, _ lda: Int,
    _ real: UnsafeMutablePointer<Float>, _ imaginary: UnsafeMutablePointer<Float>,
    _ v: UnsafeMutablePointer<Float>, _ ldv: Int, _ scratch: LAPACKScratch<Float>
  ) -> Int32 {
    LAPACKE_sgeev_work(
      columnMajor, code("N"), code(vectors ? "V" : "N"), int(n), a, int(lda), real, imaginary, nil,
      1, v, int(ldv), scratch.reals, int(scratch.realCount))
  }
}

extension Double: LAPACKScalar {
  /// `cblas_dgemm`.
  public static func _gemm(
    _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Double,
    _ a: UnsafePointer<Double>, _ lda: Int, _ b: UnsafePointer<Double>, _ ldb: Int, _ beta: Double,
    _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    cblas_dgemm(
      CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
      blasint(m), blasint(n), blasint(k), alpha, a, blasint(lda), b, blasint(ldb), beta, c,
      blasint(ldc))
  }
  /// `cblas_dgemv`.
  public static func _gemv(
    _ transposed: Bool, _ m: Int, _ n: Int, _ alpha: Double, _ a: UnsafePointer<Double>, _ lda: Int,
    _ x: UnsafePointer<Double>, _ incx: Int, _ beta: Double, _ y: UnsafeMutablePointer<Double>,
    _ incy: Int
  ) {
    // Some releases of OpenBLAS multiply by a beta of 0, which keeps what is not finite.
    if beta == 0 { for i in 0..<(transposed ? n : m) { y[i * incy] = 0 } }
    cblas_dgemv(
      CblasRowMajor, transposed ? CblasTrans : CblasNoTrans, blasint(m), blasint(n), alpha, a,
      blasint(lda), x, blasint(incx), beta, y, blasint(incy))
  }
  /// `cblas_dsyrk`.
  public static func _syrk(
    _ transposed: Bool, _ n: Int, _ k: Int, _ a: UnsafePointer<Double>, _ lda: Int,
    _ c: UnsafeMutablePointer<Double>, _ ldc: Int
  ) {
    cblas_dsyrk(
      CblasRowMajor, CblasLower, transposed ? CblasTrans : CblasNoTrans, blasint(n), blasint(k), 1,
      a, blasint(lda), 0, c, blasint(ldc))
  }
  /// `cblas_dtrsm`.
  public static func _trsm(
    _ left: Bool, _ upper: Bool, _ transposed: Bool, _ m: Int, _ n: Int, _ a: UnsafePointer<Double>,
    _ lda: Int, _ b: UnsafeMutablePointer<Double>, _ ldb: Int
  ) {
    cblas_dtrsm(
      CblasRowMajor, left ? CblasLeft : CblasRight, upper ? CblasUpper : CblasLower,
      transposed ? CblasTrans : CblasNoTrans, CblasNonUnit, blasint(m), blasint(n), 1, a,
      blasint(lda), b, blasint(ldb))
  }
  /// `LAPACKE_dgesdd`.
  public static func _gesdd(
    _ job: Character, _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int,
    _ s: UnsafeMutablePointer<Double>, _ u: UnsafeMutablePointer<Double>, _ ldu: Int,
    _ vt: UnsafeMutablePointer<Double>, _ ldvt: Int, _ scratch: LAPACKScratch<Double>
  ) -> Int32 {
    if scratch.isQuery { scratch.integers[0] = int(8 * min(m, n)) }
    return LAPACKE_dgesdd_work(
      columnMajor, code(job), int(m), int(n), a, int(lda), s, u, int(ldu), vt, int(ldvt),
      scratch.reals, int(scratch.realCount), scratch.integers)
  }
  /// `LAPACKE_dgesvd`.
  public static func _gesvd(
    _ job: Character, _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int,
    _ s: UnsafeMutablePointer<Double>, _ u: UnsafeMutablePointer<Double>, _ ldu: Int,
    _ vt: UnsafeMutablePointer<Double>, _ ldvt: Int, _ scratch: LAPACKScratch<Double>
  ) -> Int32 {
    LAPACKE_dgesvd_work(
      columnMajor, code(job), code(job), int(m), int(n), a, int(lda), s, u, int(ldu), vt,
      int(ldvt), scratch.reals, int(scratch.realCount))
  }
  /// `LAPACKE_dgelqf`.
  public static func _gelqf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int,
    _ tau: UnsafeMutablePointer<Double>, _ scratch: LAPACKScratch<Double>
  ) -> Int32 {
    LAPACKE_dgelqf_work(
      columnMajor, int(m), int(n), a, int(lda), tau, scratch.reals, int(scratch.realCount))
  }
  /// `LAPACKE_dorglq`.
  public static func _orglq(
    _ m: Int, _ n: Int, _ k: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int,
    _ tau: UnsafePointer<Double>, _ scratch: LAPACKScratch<Double>
  ) -> Int32 {
    LAPACKE_dorglq_work(
      columnMajor, int(m), int(n), int(k), a, int(lda), tau, scratch.reals,
      int(scratch.realCount))
  }
  /// `LAPACKE_dpotrf`.
  public static func _potrf(_ n: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int) -> Int32 {
    LAPACKE_dpotrf_work(columnMajor, code("U"), int(n), a, int(lda))
  }
  /// `LAPACKE_dpstrf`.
  public static func _pstrf(
    _ n: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int,
    _ pivots: UnsafeMutablePointer<Int32>, _ rank: inout Int32, _ tolerance: Double
  ) -> Int32 {
    LAPACKE_dpstrf(columnMajor, code("L"), int(n), a, int(lda), pivots, &rank, tolerance)
  }
  /// `LAPACKE_dgetrf`.
  public static func _getrf(
    _ m: Int, _ n: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int,
    _ pivots: UnsafeMutablePointer<Int32>
  ) -> Int32 {
    LAPACKE_dgetrf_work(columnMajor, int(m), int(n), a, int(lda), pivots)
  }
  /// `LAPACKE_dgetrs`.
  public static func _getrs(
    _ n: Int, _ columns: Int, _ a: UnsafePointer<Double>, _ lda: Int,
    _ pivots: UnsafePointer<Int32>, _ b: UnsafeMutablePointer<Double>, _ ldb: Int
  ) -> Int32 {
    LAPACKE_dgetrs_work(
      columnMajor, code("N"), int(n), int(columns), a, int(lda), pivots, b, int(ldb))
  }
  /// `LAPACKE_dsyevd`.
  public static func _syevd(
    _ wantsVectors: Bool, _ n: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int,
    _ w: UnsafeMutablePointer<Double>,
    _ scratch: LAPACKScratch<Double>
  ) -> Int32 {
    LAPACKE_dsyevd_work(
      columnMajor, code(wantsVectors ? "V" : "N"), code("U"), int(n), a, int(lda), w, scratch.reals,
      int(scratch.realCount), scratch.integers, int(scratch.integerCount))
  }
  /// `LAPACKE_dsyevr`.
  public static func _syevr(
    _ n: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int, _ first: Int, _ last: Int,
    _ w: UnsafeMutablePointer<Double>, _ z: UnsafeMutablePointer<Double>, _ ldz: Int,
    _ scratch: LAPACKScratch<Double>
  ) -> Int32 {
    // Where each vector differs from 0 takes the first places.
    let support = scratch.isQuery ? 0 : 2 * n
    var found: Int32 = 0
    let info = LAPACKE_dsyevr_work(
      columnMajor, code("V"), code("I"), code("U"), int(n), a, int(lda), 0, 0, int(first),
      int(last), 0, &found, w, z, int(ldz), scratch.integers, scratch.reals,
      int(scratch.realCount), scratch.integers + support, int(scratch.integerCount - support))
    if scratch.isQuery { scratch.integers[0] += int(2 * n) }
    return info
  }
  /// `LAPACKE_dgeev`.
  public static func _geev(
    _ vectors: Bool, _ n: Int, _ a: UnsafeMutablePointer<Double>, _ lda: Int,
    _ real: UnsafeMutablePointer<Double>, _ imaginary: UnsafeMutablePointer<Double>,
    _ v: UnsafeMutablePointer<Double>, _ ldv: Int, _ scratch: LAPACKScratch<Double>
  ) -> Int32 {
    LAPACKE_dgeev_work(
      columnMajor, code("N"), code(vectors ? "V" : "N"), int(n), a, int(lda), real, imaginary, nil,
      1, v, int(ldv), scratch.reals, int(scratch.realCount))
  }
}
