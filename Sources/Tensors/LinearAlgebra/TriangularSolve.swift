/// Which half of a square matrix holds a triangular one.
public enum Triangle: Hashable, Sendable {
  /// On and below the diagonal.
  case lower
  /// On and above the diagonal.
  case upper
}

/// The x of `a x = b`, or of `aᵀ x = b` when `transposed`, for a triangular matrix `a` `[n, n]` and
/// b `[n]` or `[n, k]`; of b's shape. The other half of `a` is not used but must be finite, too.
/// Traps when the shapes do not fit; throws when an element is NaN or infinite or the diagonal has
/// a zero.
public func triangularSolve<Scalar: RealScalar>(
  _ triangle: Triangle, _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, transposed: Bool = false
) throws(LinearAlgebraError) -> Tensor<Scalar> {
  try a.checkMatrix("triangularSolve", square: true)
  let n = a.shape[0]
  if let zero = (0..<n).first(where: { a[$0, $0] == 0 }) {
    throw LinearAlgebraError(
      routine: "triangularSolve", info: zero + 1,
      message: "matrix \(a.shape) is singular: diagonal element \(zero) is zero")
  }
  return substitute(triangle, a, b, "triangularSolve", transposed: transposed)
}

/// `triangularSolve` for a triangle known to be nonsingular.
func substitute<Scalar: RealScalar>(
  _ triangle: Triangle, _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, _ operation: StaticString,
  transposed: Bool = false
) -> Tensor<Scalar> {
  precondition(
    (b.rank == 1 || b.rank == 2) && b.shape[0] == a.shape[0],
    "\(operation): matrix \(a.shape) and right-hand side \(b.shape) do not fit")
  var x = b.copied()
  let n = a.shape[0]
  let columns = b.rank == 1 ? 1 : b.shape[1]
  guard n > 0, columns > 0 else { return x }
  let viewed = a.withMatrixRuns()
  let layout = viewed.matrixLayout!
  x.withMutablePointer { x in
    withExtendedLifetime(viewed.storage) {
      Threads.prepareBLAS()
      parallelFor(columns, grain: max(16, (1 << 19) / (1 + n * n))) { range in
        Scalar._trsm(
          true, (triangle == .upper) != layout.transposed, transposed != layout.transposed, n,
          range.count, viewed.base, layout.leading, x + range.lowerBound, columns)
      }
    }
  }
  return x
}
