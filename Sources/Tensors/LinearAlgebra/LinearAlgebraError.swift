/// Why a factorisation or a solution does not exist.
public struct LinearAlgebraError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The operation, or the LAPACK routine, that failed.
  public let routine: String
  /// LAPACK's `info`; 0 when the failure was found before the routine ran.
  public let info: Int
  /// What happened, with the shape concerned.
  public let message: String

  /// An error of the given parts.
  public init(routine: String, info: Int = 0, message: String) {
    self.routine = routine
    self.info = info
    self.message = message
  }

  /// `svd: matrix [3, 2] has a NaN or infinite element`.
  public var description: String {
    "\(routine): \(message)" + (info == 0 ? "" : " (info \(info))")
  }
}

extension Tensor where Scalar: RealScalar {
  /// Traps unless this is a matrix LAPACK can take; throws unless all its elements are finite.
  func checkMatrix(_ routine: String, square: Bool = false) throws(LinearAlgebraError) {
    precondition(rank == 2, "\(routine): shape \(shape) is not a matrix")
    precondition(!square || shape[0] == shape[1], "\(routine): matrix \(shape) is not square")
    precondition(
      shape.allSatisfy { $0 <= Int(Int32.max) }, "\(routine): a side of \(shape) exceeds 2^31 - 1"
    )
    guard allFinite else {
      throw LinearAlgebraError(
        routine: routine, message: "matrix \(shape) has a NaN or infinite element")
    }
  }
}
