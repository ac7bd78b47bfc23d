internal import COpenBLAS

/// LAPACK routines of one scalar type, on row-major storage, that find their own memory. Each is the
/// C function of the same name; see LAPACK's documentation for the arguments.
public struct LAPACKTable<Scalar>: Sendable {
  typealias Numbers = UnsafeMutablePointer<Scalar>?
  typealias Integers = UnsafeMutablePointer<Int32>?

  let gees:
    @Sendable (
      Int32, CChar, Int32, Numbers, Int32, Integers, Numbers, Numbers, Numbers, Int32
    ) -> Int32
  let gehrd: @Sendable (Int32, Int32, Int32, Int32, Numbers, Int32, Numbers) -> Int32
  let orghr: @Sendable (Int32, Int32, Int32, Int32, Numbers, Int32, UnsafePointer<Scalar>?) -> Int32
  let ggev:
    @Sendable (
      Int32, CChar, CChar, Int32, Numbers, Int32, Numbers, Int32, Numbers, Numbers, Numbers,
      Numbers, Int32, Numbers, Int32
    ) -> Int32
  let sygvd:
    @Sendable (
      Int32, Int32, CChar, CChar, Int32, Numbers, Int32, Numbers, Int32, Numbers
    ) -> Int32
  let gbsv:
    @Sendable (Int32, Int32, Int32, Int32, Int32, Numbers, Int32, Integers, Numbers, Int32) -> Int32
  let gtsv: @Sendable (Int32, Int32, Int32, Numbers, Numbers, Numbers, Numbers, Int32) -> Int32
  let sytrf: @Sendable (Int32, CChar, Int32, Numbers, Int32, Numbers, Integers) -> Int32

  static var rowMajor: Int32 { LAPACK_ROW_MAJOR }
}

extension LAPACKTable<Float> {
  static let float = LAPACKTable(
    gees: { LAPACKE_sgees($0, $1, CChar("N"), nil, $2, $3, $4, $5, $6, $7, $8, $9) },
    gehrd: LAPACKE_sgehrd, orghr: LAPACKE_sorghr, ggev: LAPACKE_sggev,
    sygvd: LAPACKE_ssygvd, gbsv: LAPACKE_sgbsv, gtsv: LAPACKE_sgtsv, sytrf: LAPACKE_ssytrf_rk)
}

extension LAPACKTable<Double> {
  static let double = LAPACKTable(
    gees: { LAPACKE_dgees($0, $1, CChar("N"), nil, $2, $3, $4, $5, $6, $7, $8, $9) },
    gehrd: LAPACKE_dgehrd, orghr: LAPACKE_dorghr, ggev: LAPACKE_dggev,
    sygvd: LAPACKE_dsygvd, gbsv: LAPACKE_dgbsv, gtsv: LAPACKE_dgtsv, sytrf: LAPACKE_dsytrf_rk)
}

extension RealScalar {
  /// The routines for this type, called as BLAS is.
  static var lapack: LAPACKTable<Self> {
    Threads.prepareBLAS()
    if let table = LAPACKTable<Float>.float as? LAPACKTable<Self> { return table }
    return LAPACKTable<Double>.double as! LAPACKTable<Self>
  }
}

extension CChar {
  /// LAPACK's letter for a job.
  init(_ job: Unicode.Scalar) { self = CChar(bitPattern: UInt8(job.value)) }
}
