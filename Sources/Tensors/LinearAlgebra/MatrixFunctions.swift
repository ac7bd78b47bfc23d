/// The exponential of a square matrix, or of each of a batch `[..., n, n]`, by scaling, a Padé
/// approximant of degree 13, and squaring (Higham, SIAM J. Matrix Anal. Appl. 26, 2005). Traps when it is
/// not square; throws when it has a NaN or infinite element.
public func matrixExponential<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  try a.checkMatrices("matrixExponential", square: true)
  guard a.elementCount > 0 else { return a }
  let wide = a.converted(to: Double.self)
  // Up to this norm the approximant is exact to double precision.
  let norm = abs(wide).sum(squeezingAxes: [-2]).maximum()
  var halvings = 0
  var scale = 1.0
  while norm * scale > 5.371920351148152, halvings < 1100 {
    scale /= 2
    halvings += 1
  }
  let x = wide * scale
  let one = Tensor<Double>.identity(a.shape.lastDimension)
  let x2 = matmul(x, x)
  let x4 = matmul(x2, x2)
  let x6 = matmul(x4, x2)
  let b: [Double] = [
    64_764_752_532_480_000, 32_382_376_266_240_000, 7_771_770_303_897_600, 1_187_353_796_428_800,
    129_060_195_264_000, 10_559_470_521_600, 670_442_572_800, 33_522_128_640, 1_323_241_920,
    40_840_800, 960_960, 16_380, 182, 1,
  ]
  let high = matmul(x6, x6 * b[13] + x4 * b[11] + x2 * b[9])
  let odd = matmul(x, high + x6 * b[7] + x4 * b[5] + x2 * b[3] + one * b[1])
  let even =
    matmul(x6, x6 * b[12] + x4 * b[10] + x2 * b[8]) + x6 * b[6] + x4 * b[4] + x2 * b[2] + one * b[0]
  var result = try solve(even - odd, even + odd)
  for _ in 0..<halvings { result = matmul(result, result) }
  return result.converted(to: Scalar.self)
}

/// The square root with eigenvalues in the right half plane of a square matrix `[n, n]`: by the
/// eigenvectors of a symmetric one without negative eigenvalues, otherwise by the product form of the
/// iteration of Denman and Beavers (Higham, Functions of Matrices, 2008, section 6.3). Traps when it
/// is not square; throws when it has a NaN or infinite element, and when there is no such root, as with
/// a negative eigenvalue.
public func matrixSquareRoot<Scalar: RealScalar>(_ a: Tensor<Scalar>)
  throws(LinearAlgebraError) -> Tensor<Scalar>
{
  try a.checkMatrix("matrixSquareRoot", square: true)
  let n = a.shape[0]
  guard n > 0 else { return a }
  let wide = a.converted(to: Double.self)
  if wide == wide.transposed() {
    let eigen = try symmetricEigen(wide)
    let tolerance = Double(n) * Double(Scalar.ulpOfOne) * abs(eigen.values).maximum()
    if eigen.values.minimum() >= -tolerance {
      let roots = sqrt(maximum(eigen.values, 0))
      return matmul(eigen.vectors * roots, eigen.vectors.transposed()).converted(to: Scalar.self)
    }
  }
  let none = LinearAlgebraError(
    routine: "matrixSquareRoot", message: "matrix \(a.shape) has no square root that converges")
  let one = Tensor<Double>.identity(n)
  var (m, root) = (wide, wide)
  for _ in 0..<100 {
    let factors = try lu(m)
    if factors.isSingular { throw none }
    // Scaling by the determinant brings the eigenvalues near the unit circle, where it converges.
    let distance = (m - one).norm()
    let factor =
      distance < 0.01 ? 1 : ScalarMath.exp(-factors.logDeterminant.logarithm / Double(2 * n))
    let square = factor * factor
    let inverse = try factors.inverse() * (1 / square)
    root = matmul(root, one + inverse) * (0.5 * factor)
    m = (one * 2 + m * square + inverse) * 0.25
    guard m.allFinite, root.allFinite else { throw none }
    if (m - one).norm() < 1e-14 * Double(n) {
      let error = (matmul(root, root) - wide).norm()
      guard error <= 1e-6 * wide.norm() else { throw none }
      return root.converted(to: Scalar.self)
    }
  }
  throw none
}
