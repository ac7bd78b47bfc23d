import Tensors
import Testing

struct QRTests {
  private func meetsTheBar<Scalar: RealScalar>(_ type: Scalar.Type, _ shape: Shape) throws {
    for test in TestMatrix.all(shape, seed: 11) {
      let dense = test.matrix.converted(to: type)
      for a in [dense, dense.transposed().copied().transposed()] {
        for size in [FactorSize.thin, .full] {
          let (m, n) = (shape[0], shape[1])
          let k = size == .thin ? min(m, n) : m
          let factors = try qr(a, size)
          #expect(factors.q.shape == [m, k])
          #expect(factors.r.shape == [k, n])
          let product = matmul(
            factors.q.converted(to: Double.self), factors.r.converted(to: Double.self))
          #expect(residualRatio(a, product) < lapackThreshold, "\(test)")
          #expect(orthogonalityRatio(factors.q) < lapackThreshold, "\(test)")
          for row in 0..<k {
            for column in 0..<min(row, n) { #expect(factors.r[row, column] == 0) }
          }
        }
      }
    }
  }

  @Test("Factors meet LAPACK's own bound", arguments: TestMatrix.shapes)
  func lapackBound(_ shape: Shape) throws {
    try meetsTheBar(Float.self, shape)
    try meetsTheBar(Double.self, shape)
  }

  @Test("Non-finite elements are an error")
  func nonFinite() {
    #expect(throws: LinearAlgebraError.self) { try qr(Tensor<Float>(rows: [[1, .nan]])) }
  }
}
