/// Eigenvalues and right eigenvectors of any square matrix `[n, n]`, as real and imaginary parts:
/// `a v = lambda v` for each column v. Complex ones come in adjacent conjugate pairs, the one with
/// the positive imaginary part first. Of a batch `[..., n, n]`, all have its leading axes, too.
public struct GeneralEigen<Scalar: RealScalar>: Sendable {
  /// The eigenvalues as complex numbers, `[n]`.
  public var values: ComplexTensor<Scalar> {
    ComplexTensor(real: realValues, imaginary: imaginaryValues)
  }
  /// The eigenvectors as columns of complex numbers, `[n, n]`.
  public var vectors: ComplexTensor<Scalar> {
    ComplexTensor(real: realVectors, imaginary: imaginaryVectors)
  }

  /// Real parts of the eigenvalues, in no particular order: `[n]`.
  public let realValues: Tensor<Scalar>
  /// Imaginary parts of the eigenvalues: `[n]`.
  public let imaginaryValues: Tensor<Scalar>
  /// Real parts of the eigenvectors as columns, each of Euclidean norm 1: `[n, n]`.
  public let realVectors: Tensor<Scalar>
  /// Imaginary parts of the eigenvectors: `[n, n]`.
  public let imaginaryVectors: Tensor<Scalar>

  /// Decomposes `a`. Traps when it is not square; throws when it has a NaN or infinite element or
  /// LAPACK's QR iteration does not converge.
  public init(of a: Tensor<Scalar>) throws(LinearAlgebraError) {
    if a.rank > 2 {
      let parts = try a.eachMatrix { matrix throws(LinearAlgebraError) in
        try GeneralEigen(of: matrix)
      }
      let n = a.shape.lastDimension
      realValues = a.joined(parts.map(\.realValues), [n])
      imaginaryValues = a.joined(parts.map(\.imaginaryValues), [n])
      realVectors = a.joined(parts.map(\.realVectors), [n, n])
      imaginaryVectors = a.joined(parts.map(\.imaginaryVectors), [n, n])
      return
    }
    try a.checkMatrix("generalEigen", square: true)
    var workspace = Workspace<Scalar>()
    var (real, imaginary) = (Tensor<Scalar>.zeros([a.shape[0]]), Tensor<Scalar>.zeros([a.shape[0]]))
    var vectors = Tensor<Scalar>.zeros(a.shape)
    try workspace.generalEigen(of: a, real: &real, imaginary: &imaginary, vectors: &vectors)
    var (realRows, imaginaryRows) = (vectors, Tensor<Scalar>.zeros(vectors.shape))
    for j in 0..<real.elementCount where imaginary[j] > 0 {
      // A conjugate pair is stored as the two parts of its first vector.
      let part = vectors[j + 1, .ellipsis]
      imaginaryRows[j, .ellipsis] = part
      imaginaryRows[j + 1, .ellipsis] = -part
      realRows[j + 1, .ellipsis] = vectors[j, .ellipsis]
    }
    realValues = real
    imaginaryValues = imaginary
    realVectors = realRows.transposed()
    imaginaryVectors = imaginaryRows.transposed()
  }
}

/// Eigenvalues and right eigenvectors of any square matrix. Traps and throws as `GeneralEigen.init`
/// does.
public func generalEigen<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> GeneralEigen<Scalar>
{
  try GeneralEigen(of: a)
}

/// The real and imaginary parts of the eigenvalues of any square matrix, in no particular order:
/// `[n]` each. Traps and throws as `GeneralEigen.init` does.
public func eigenvalues<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> (real: Tensor<Scalar>, imaginary: Tensor<Scalar>)
{
  try a.checkMatrix("generalEigen", square: true)
  var workspace = Workspace<Scalar>()
  var (real, imaginary) = (Tensor<Scalar>.zeros([a.shape[0]]), Tensor<Scalar>.zeros([a.shape[0]]))
  try workspace.eigenvalues(of: a, real: &real, imaginary: &imaginary)
  return (real, imaginary)
}
