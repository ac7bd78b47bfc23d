import Tensors
import Testing

struct SolveTests {
  /// The backward error of a solution in LAPACK's measure: `norm(a x - b) / (norm(a) norm(x) n ulp)`.
  private func ratio<Scalar: RealScalar>(
    _ a: Tensor<Scalar>, _ x: Tensor<Scalar>, _ b: Tensor<Scalar>
  ) -> Double {
    let exact = a.converted(to: Double.self)
    let y = x.converted(to: Double.self)
    let error = matmul(exact, y) - b.converted(to: Double.self)
    let scale = exact.norm() * y.norm() * Double(a.shape[0]) * Double(Scalar.ulpOfOne)
    return error.norm() / max(scale, .leastNormalMagnitude)
  }

  private func right(_ n: Int, _ source: inout RandomSource) -> [Tensor<Double>] {
    [
      .normal([n], using: &source), .normal([n, 1], using: &source),
      .normal([n, 4], using: &source), .zeros([n, 0]),
      Tensor<Double>.normal([3, n], using: &source).transposed(),
    ]
  }

  private func solves<Scalar: RealScalar>(_ type: Scalar.Type, _ n: Int) throws {
    var source = RandomSource(seed: UInt64(n) + 5)
    let normal = Tensor<Double>.normal([n, n], using: &source)
    let spread = normal + .identity(n) * Double(n)
    let positive = matmul(normal, normal.transposed()) + .identity(n)
    for b in right(n, &source).map({ $0.converted(to: type) }) {
      for a in [spread.converted(to: type), spread.converted(to: type).transposed()] {
        let x = try solve(a, b)
        #expect(x.shape == b.shape)
        #expect(ratio(a, x, b) < lapackThreshold)
        for triangle in [Triangle.lower, .upper] {
          var half = a.contiguous()
          for i in 0..<n {
            for j in 0..<n where triangle == .lower ? j > i : j < i { half[i, j] = 0 }
          }
          let y = try triangularSolve(triangle, a, b)
          #expect(ratio(half, y, b) < lapackThreshold)
          let z = try triangularSolve(triangle, a, b, transposed: true)
          #expect(ratio(half.transposed(), z, b) < lapackThreshold)
        }
      }
      let a = positive.converted(to: type)
      let x = try cholesky(a).solve(b)
      #expect(x.shape == b.shape)
      #expect(ratio(a, x, b) < lapackThreshold)
    }
    let a = positive.converted(to: type)
    let l = try cholesky(a).l.converted(to: Double.self)
    #expect(residualRatio(a, matmul(l, l.transposed())) < lapackThreshold)
    for i in 0..<n { for j in i + 1..<max(n, i + 1) { #expect(l[i, j] == 0) } }
  }

  @Test("Solutions meet LAPACK's own bound", arguments: [0, 1, 2, 3, 8, 17, 40])
  func lapackBound(_ n: Int) throws {
    try solves(Float.self, n)
    try solves(Double.self, n)
  }

  @Test("Matrices without a solution are errors")
  func singularMatrices() {
    let singular = Tensor<Float>(rows: [[1, 2], [2, 4]])
    let b = Tensor<Float>([1, 1])
    #expect(throws: LinearAlgebraError.self) { try solve(singular, b) }
    #expect(throws: LinearAlgebraError.self) {
      try triangularSolve(.lower, Tensor<Float>(rows: [[1, 0], [1, 0]]), b)
    }
    let error = #expect(throws: LinearAlgebraError.self) {
      try cholesky(Tensor<Float>(rows: [[1, 0], [0, -1]]))
    }
    #expect(error?.info == 2)
    let bad = Tensor<Float>(rows: [[1, .nan], [.nan, 1]])
    #expect(throws: LinearAlgebraError.self) { try solve(bad, b) }
    #expect(throws: LinearAlgebraError.self) { try cholesky(bad) }
    #expect(throws: LinearAlgebraError.self) { try triangularSolve(.upper, bad, b) }
  }

  @Test("Least squares leaves a residual orthogonal to the columns")
  func orthogonalResidual() throws {
    var source = RandomSource(seed: 6)
    let a = Tensor<Double>.normal([12, 5], using: &source)
    let b = Tensor<Double>.normal([12, 2], using: &source)
    let x = try leastSquares(a, b)
    // A few rounding errors of sums of twelve products of numbers near 1.
    #expect(matmul(a.transposed(), matmul(a, x) - b).norm() < 1e-13)
  }
}
