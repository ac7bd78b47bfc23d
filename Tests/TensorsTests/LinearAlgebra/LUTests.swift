import Tensors
import Testing

struct LUTests {
  private func meetsTheBar<Scalar: RealScalar>(_ type: Scalar.Type, _ shape: Shape) throws {
    for seed in 0..<4 as Range<UInt64> {
      for test in TestMatrix.all(shape, seed: seed) {
        let a = test.matrix.converted(to: type)
        let (m, n, k) = (shape[0], shape[1], min(shape[0], shape[1]))
        for a in [a, a.transposed().copied().transposed()] {
          let factors = try lu(a)
          let (l, u) = (factors.l, factors.u)
          #expect(l.shape == [m, k] && u.shape == [k, n])
          let product = matmul(l.converted(to: Double.self), u.converted(to: Double.self))
          let ordered = k == 0 ? a : a.contiguous().gatheringRows(at: factors.rowOrder)
          #expect(residualRatio(ordered, product) < lapackThreshold, "\(test)")
          if k > 0 { #expect(matmul(factors.p, a) == ordered, "\(test)") }
          // The pivot is the largest of its column.
          #expect(k == 0 || abs(l).maximum() == 1, "\(test)")
          for row in 0..<k {
            #expect(l[row, row] == 1)
            for column in row + 1..<max(k, row + 1) { #expect(l[row, column] == 0) }
            for column in 0..<min(row, n) { #expect(u[row, column] == 0) }
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

  @Test("A singular matrix has factors but no solution")
  func singularMatrix() throws {
    let factors = try lu(Tensor<Double>(rows: [[1, 2], [2, 4]]))
    #expect(factors.isSingular && factors.determinant == 0)
    #expect(factors.logDeterminant == (0, -.infinity))
    let error = #expect(throws: LinearAlgebraError.self) { try factors.solve(Tensor([1, 1])) }
    #expect(error?.info == 2)
    #expect(throws: LinearAlgebraError.self) { try lu(Tensor<Float>(rows: [[.infinity, 1]])) }
  }
}
