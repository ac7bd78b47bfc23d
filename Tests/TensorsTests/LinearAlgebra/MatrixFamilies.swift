import Tensors

/// A matrix of a named kind, made in double precision.
struct TestMatrix: CustomStringConvertible {
  let kind: String
  let matrix: Tensor<Double>

  var description: String { "\(kind) \(matrix.shape)" }

  static let shapes: [Shape] = [
    [0, 0], [0, 3], [3, 0], [1, 1], [1, 5], [5, 1], [2, 2], [3, 3], [4, 7], [7, 4], [10, 10],
    [16, 16], [17, 33], [33, 17], [40, 3], [3, 40], [64, 64], [65, 30], [30, 65], [100, 80],
  ]

  /// Every kind for one shape: random, rank-deficient, graded over 60 orders of magnitude, with
  /// repeated singular values, zero, identity-like.
  static func all(_ shape: Shape, seed: UInt64) -> [TestMatrix] {
    var source = RandomSource(seed: seed).split("\(shape)")
    let (m, n) = (shape[0], shape[1])
    let normal = Tensor<Double>.normal(shape, using: &source)
    let inner = min(m, n) / 2
    let deficient = matmul(
      Tensor<Double>.normal([m, inner], using: &source),
      Tensor<Double>.normal([inner, n], using: &source))
    let exponents = (0..<n).map { n == 1 ? 0 : -30 + 60 * Double($0) / Double(n - 1) }
    let graded = normal * pow(Tensor(10), Tensor(exponents))
    var diagonal = Tensor<Double>.zeros(shape)
    for i in 0..<min(m, n) { diagonal[i, i] = i.isMultiple(of: 2) ? 2 : 1 }
    return [
      TestMatrix(kind: "random", matrix: normal),
      TestMatrix(kind: "rank-deficient", matrix: deficient),
      TestMatrix(kind: "graded", matrix: graded),
      TestMatrix(kind: "repeated", matrix: diagonal),
      TestMatrix(kind: "zero", matrix: .zeros(shape)),
      TestMatrix(kind: "ones", matrix: .ones(shape)),
    ]
  }
}

/// LAPACK's measure of a factorisation `[m, n]`: `norm(a - product) / (norm(a) max(m, n) ulp)`,
/// computed in double, or in units of the last place of 1 where `a` is zero.
func residualRatio<Scalar: RealScalar>(
  _ a: Tensor<Scalar>, _ product: Tensor<Double>
) -> Double {
  let exact = a.converted(to: Double.self)
  let size = Double(max(1, exact.shape.dimensions.max() ?? 1))
  // Scaled by the largest element, because squares of 1e200 would overflow.
  let largest = exact.elementCount == 0 ? 0 : Double(abs(exact).maximum())
  let scale = largest == 0 ? 1 : 1 / largest
  let error = ((exact - product) * scale).norm()
  let norm = (exact * scale).norm()
  return error / ((norm == 0 ? 1 : norm) * size * Double(Scalar.ulpOfOne))
}

/// LAPACK's measure of orthonormal columns of `q` `[m, n]`: `norm(I - qᵀ q) / (m ulp)`.
func orthogonalityRatio<Scalar: RealScalar>(_ q: Tensor<Scalar>) -> Double {
  let exact = q.converted(to: Double.self)
  let difference = Tensor.identity(q.shape[1]) - matmul(exact.transposed(), exact)
  return difference.norm() / (Double(max(1, q.shape[0])) * Double(Scalar.ulpOfOne))
}

/// The bar LAPACK's own test programs set for both ratios.
let lapackThreshold = 30.0
