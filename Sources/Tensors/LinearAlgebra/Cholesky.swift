/// The factorisation `a = l lᵀ` of a symmetric positive definite matrix, or of each of a batch
/// `[..., n, n]`.
public struct Cholesky<Scalar: RealScalar>: Sendable {
  /// Lower triangular, `[n, n]`, with a positive diagonal.
  public let l: Tensor<Scalar>

  /// Factors `a` `[n, n]`, of which only the lower triangle with the diagonal is used. Traps when
  /// `a` is not square; throws when it has a NaN or infinite element or is not positive definite.
  public init(of a: Tensor<Scalar>) throws(LinearAlgebraError) {
    if a.rank > 2 {
      l = a.joined(
        try a.eachMatrix { matrix throws(LinearAlgebraError) in try Cholesky(of: matrix).l },
        Array(a.shape.suffix(2)))
      return
    }
    var workspace = Workspace<Scalar>()
    var l = Tensor<Scalar>.zeros(a.shape)
    try workspace.cholesky(of: a, l: &l)
    self.l = l
  }

  /// The solution x of `a x = b`, for b `[n]` or `[n, k]`; of b's shape. Traps when the shapes do
  /// not fit.
  public func solve(_ b: Tensor<Scalar>) -> Tensor<Scalar> {
    precondition(l.rank == 2, "Cholesky.solve: factors \(l.shape) are of a batch; take one matrix")
    return substitute(
      .lower, l, substitute(.lower, l, b, "Cholesky.solve"), "Cholesky.solve", transposed: true)
  }
}

/// The factorisation `a = l lᵀ`. Traps and throws as `Cholesky.init` does.
public func cholesky<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Cholesky<Scalar>
{
  try Cholesky(of: a)
}
