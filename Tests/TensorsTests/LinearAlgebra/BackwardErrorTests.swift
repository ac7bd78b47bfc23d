import Tensors
import Testing

/// Factorisations, solutions and eigenvalues in LAPACK's own measures, for matrices of every
/// difficult spectrum: some 4,000 ratios.
struct BackwardErrorTests {
  /// Singular values or eigenvalues, the largest 1, down to what the precision can just resolve.
  private enum Spectrum: CaseIterable {
    case even, graded, oneSmall, oneLarge, clustered

    func values(_ n: Int, smallest: Double) -> Tensor<Double> {
      Tensor(
        (0..<n).map { i in
          switch self {
          case .even: 1 - Double(i) / Double(n) * (1 - smallest)
          case .graded: exp(Tensor(log(Tensor(smallest)).scalar * Double(i) / Double(n))).scalar
          case .oneSmall: i == n - 1 && n > 1 ? smallest : 1
          case .oneLarge: i == 0 ? 1 : smallest
          case .clustered: i.isMultiple(of: 2) ? 1 : 0.5
          }
        })
    }
  }

  /// `[m, n]` with random singular vectors.
  private func matrix(
    _ m: Int, _ n: Int, _ values: Tensor<Double>, _ source: inout RandomSource
  ) throws -> Tensor<Double> {
    let k = values.elementCount
    let u = try qr(Tensor<Double>.normal([m, k], using: &source)).q
    let v = try qr(Tensor<Double>.normal([n, k], using: &source)).q
    return matmul(u * values, v.transposed())
  }

  private func forEachCase<Scalar: RealScalar>(
    _ type: Scalar.Type, _ body: (Int, Tensor<Double>, inout RandomSource) throws -> Void
  ) throws {
    for n in [1, 2, 3, 5, 8, 13, 21, 34, 55] {
      for spectrum in Spectrum.allCases {
        for seed in 0..<4 as Range<UInt64> {
          var source = RandomSource(seed: seed).split("\(spectrum) \(n)")
          let smallest = 16 * Double(n) * Double(Scalar.ulpOfOne)
          try body(n, spectrum.values(n, smallest: smallest), &source)
        }
      }
    }
  }

  /// norm(error) / (norm(a) norm(x) n ulp).
  private func ratio<Scalar: RealScalar>(
    _ error: Tensor<Double>, _ a: Tensor<Scalar>, _ x: Double = 1
  ) -> Double {
    error.norm() / (a.converted(to: Double.self).norm() * x)
      / (Double(max(a.shape[0], a.shape[1])) * Double(Scalar.ulpOfOne))
  }

  private func exact<Scalar: RealScalar>(_ a: Tensor<Scalar>) -> Tensor<Double> {
    a.converted(to: Double.self)
  }

  private func solves<Scalar: RealScalar>(_ type: Scalar.Type) throws {
    try forEachCase(type) { n, values, source in
      let a = try matrix(n, n, values, &source).converted(to: type)
      let b = Tensor<Double>.normal([n, 2], using: &source).converted(to: type)
      let x = exact(try solve(a, b))
      #expect(ratio(matmul(exact(a), x) - exact(b), a, x.norm()) < lapackThreshold)
      let product = matmul(exact(a), exact(try inverse(a)))
      let size = exact(try inverse(a)).norm()
      #expect(ratio(product - .identity(n), a, size) < lapackThreshold)
    }
  }

  @Test("Solutions and inverses of ill-conditioned matrices meet LAPACK's bounds")
  func illConditioned() throws {
    try solves(Float.self)
    try solves(Double.self)
  }

  private func decomposesSymmetric<Scalar: RealScalar>(_ type: Scalar.Type) throws {
    try forEachCase(type) { n, values, source in
      let q = try qr(Tensor<Double>.normal([n, n], using: &source)).q
      let signs = Tensor((0..<n).map { $0.isMultiple(of: 3) ? -1.0 : 1 })
      let a = matmul(q * values * signs, q.transposed()).converted(to: type)
      let eigen = try symmetricEigen(a)
      let (w, v) = (exact(eigen.values), exact(eigen.vectors))
      // The upper triangle differs by a rounding, and is not read.
      let whole = a.lowerTriangle() + a.lowerTriangle(offset: -1).transposed()
      #expect(ratio(matmul(v * w, v.transposed()) - exact(whole), a) < lapackThreshold)
      #expect(orthogonalityRatio(eigen.vectors) < lapackThreshold)
      let top = try symmetricEigen(a, largest: (n + 3) / 4)
      let (some, basis) = (exact(top.values), exact(top.vectors))
      #expect(ratio(matmul(exact(whole), basis) - basis * some, a) < lapackThreshold)
      #expect(orthogonalityRatio(top.vectors) < lapackThreshold)

      let positive = matmul(q * values, q.transposed()).converted(to: type)
      let l = exact(try cholesky(positive).l)
      let lower = exact(positive.lowerTriangle()) - matmul(l, l.transposed()).lowerTriangle()
      #expect(ratio(lower, positive) < lapackThreshold)
    }
  }

  @Test("Symmetric matrices of every spectrum meet LAPACK's bounds")
  func symmetricSpectra() throws {
    try decomposesSymmetric(Float.self)
    try decomposesSymmetric(Double.self)
  }

  private func decomposesGeneral<Scalar: RealScalar>(_ type: Scalar.Type) throws {
    try forEachCase(type) { n, values, source in
      let a = try matrix(n, n, values, &source).converted(to: type)
      let eigen = try generalEigen(a)
      let (lambda, mu) = (exact(eigen.realValues), exact(eigen.imaginaryValues))
      let (x, y) = (exact(eigen.realVectors), exact(eigen.imaginaryVectors))
      #expect(ratio(matmul(exact(a), x) - (x * lambda - y * mu), a) < lapackThreshold)
      #expect(ratio(matmul(exact(a), y) - (x * mu + y * lambda), a) < lapackThreshold)
    }
  }

  @Test("General eigenvalues of every spectrum meet LAPACK's bounds")
  func generalSpectra() throws {
    try decomposesGeneral(Float.self)
    try decomposesGeneral(Double.self)
  }

  private func factorsAndFits<Scalar: RealScalar>(_ type: Scalar.Type) throws {
    try forEachCase(type) { n, values, source in
      for (rows, columns) in [(n + 7, n), (n, n + 7)] {
        let a = try matrix(rows, columns, values, &source).converted(to: type)
        let lower = try lq(a)
        #expect(residualRatio(a, matmul(exact(lower.l), exact(lower.q))) < lapackThreshold)
        #expect(orthogonalityRatio(lower.q.transposed()) < lapackThreshold)
        let b = Tensor<Double>.normal([rows, 2], using: &source).converted(to: type)
        let x = exact(try leastSquares(a, b))
        // The gradient of the squared residual vanishes.
        let gradient = matmul(exact(a).transposed(), matmul(exact(a), x) - exact(b))
        let size = exact(a).norm() * x.norm() + exact(b).norm()
        #expect(ratio(gradient, a, size) < lapackThreshold)
      }
    }
  }

  @Test("Least squares and LQ of every spectrum meet LAPACK's bounds")
  func leastSquaresAndLQ() throws {
    try factorsAndFits(Float.self)
    try factorsAndFits(Double.self)
  }
}
