extension SVD {
  /// The Moore-Penrose pseudo-inverse, `[n, m]`. Singular values that `rank(tolerance:)` does not
  /// count are treated as zero.
  public func pseudoInverse(tolerance: Scalar? = nil) -> Tensor<Scalar> {
    let k = rank(tolerance: tolerance)
    let columns = vt.sliced(0..<k).transposed() / singularValues.sliced(0..<k)
    return matmul(columns, u.sliced(0..<k, alongAxis: 1).transposed())
  }

  /// The largest singular value over the smallest: infinite if that is 0, and 1 if there are none.
  public var conditionNumber: Scalar { spread(singularValues) }
}

private func spread<Scalar: RealScalar>(_ values: Tensor<Scalar>) -> Scalar {
  guard let largest = values.scalars.first, let smallest = values.scalars.last else { return 1 }
  return smallest == 0 ? .infinity : largest / smallest
}

/// The Moore-Penrose pseudo-inverse `[n, m]` of an `[m, n]` matrix, or of each of a batch, as `SVD.pseudoInverse` gives it.
/// Traps and throws as `SVD.init` does.
public func pseudoInverse<Scalar: RealScalar>(_ a: Tensor<Scalar>, tolerance: Scalar? = nil)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  if a.rank > 2 {
    return a.joined(
      try a.eachMatrix { matrix throws(LinearAlgebraError) in
        try SVD(of: matrix).pseudoInverse(tolerance: tolerance)
      }, a.shape.suffix(2).reversed())
  }
  return try SVD(of: a).pseudoInverse(tolerance: tolerance)
}

/// The number of singular values above `tolerance` times the largest; by default the machine
/// precision times the longer side. Traps and throws as `SVD.init` does.
public func matrixRank<Scalar: RealScalar>(_ a: Tensor<Scalar>, tolerance: Scalar? = nil)
  throws(LinearAlgebraError) -> Int
{
  let values = try singularValues(a).scalars
  guard let largest = values.first, largest > 0 else { return 0 }
  let limit = (tolerance ?? Scalar.ulpOfOne * Scalar(max(a.shape[0], a.shape[1]))) * largest
  return values.count { $0 > limit }
}

/// The largest singular value of a matrix over its smallest, the most that `solve` can magnify
/// relative errors by: infinite if the smallest is 0. Traps and throws as `SVD.init` does.
public func conditionNumber<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Scalar
{
  spread(try singularValues(a))
}

/// Ways to measure the size of a matrix.
public enum MatrixNorm: Hashable, Sendable {
  /// The square root of the sum of all squares.
  case frobenius
  /// The largest column sum of absolute values.
  case one
  /// The largest row sum of absolute values.
  case infinity
  /// The largest singular value.
  case spectral
  /// The sum of the singular values.
  case nuclear
}

/// The size of a matrix in one of the usual norms; 0 when it is empty. Traps and throws as
/// `SVD.init` does.
public func matrixNorm<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ norm: MatrixNorm)
  throws(LinearAlgebraError) -> Scalar
{
  try a.checkMatrix("matrixNorm")
  guard a.elementCount > 0 else { return 0 }
  switch norm {
  case .frobenius: return Scalar(a.norm())
  case .one: return abs(a).sum(squeezingAxes: [0]).maximum()
  case .infinity: return abs(a).sum(squeezingAxes: [1]).maximum()
  case .spectral: return try singularValues(a)[0]
  case .nuclear: return try singularValues(a).sum()
  }
}
