import Tensors
import Testing

struct SparseMatrixTests {
  private func sparse(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Tensor<Double> {
    var source = RandomSource(seed: seed)
    let values = Tensor<Double>.normal([rows, columns], using: &source)
    return select(where: abs(values) .> 1, values, otherwise: Tensor(0))
  }

  @Test(
    "Products equal those of the dense matrix", arguments: [(0, 0), (1, 3), (7, 4), (300, 200)])
  func products(_ rows: Int, _ columns: Int) {
    let dense = sparse(rows, columns, 1)
    let a = SparseMatrix(dense)
    #expect(a.dense == dense)
    #expect(a.transposed().dense == dense.transposed())
    var source = RandomSource(seed: 2)
    let x = Tensor<Double>.normal([columns, 3], using: &source)
    #expect(matmul(a, x).allClose(to: matmul(dense, x), relative: 1e-13, absolute: 1e-13))
    let vector = x[.all, 1].contiguous()
    #expect(matmul(a, vector).allClose(to: matmul(dense, vector), relative: 1e-13, absolute: 1e-13))
  }

  @Test("Values of one place are added")
  func duplicates() {
    let a = SparseMatrix<Float>(
      shape: [2, 3], rows: [1, 0, 1, 1], columns: [2, 1, 0, 2], values: [1, 2, 3, 4])
    #expect(a.dense == [[0, 2, 0], [3, 0, 5]])
    #expect(a.rowStarts == [0, 1, 3] && a.columns == [1, 0, 2])
  }

  @Test("Conjugate gradients solve Poisson's equation")
  func poisson() throws {
    let n = 400
    let dense =
      Tensor<Double>.identity(n) * 2
      - Tensor<Double>.ones([n, n]).lowerTriangle(offset: 1)
      .upperTriangle(offset: -1) + .identity(n)
    let a = SparseMatrix(dense)
    let b = Tensor<Double>.ones([n])
    let x = try conjugateGradients(a, b, tolerance: 1e-12)
    // -u'' = 1 has the solution k (n + 1 - k) / 2.
    let k = Tensor<Double>.range(from: 1, to: Double(n + 1))
    #expect(x.allClose(to: k * (Double(n + 1) - k) * 0.5, relative: 1e-9))
    #expect(throws: LinearAlgebraError.self) {
      try conjugateGradients(a, b, tolerance: 1e-12, limit: 9)
    }
    #expect(throws: LinearAlgebraError.self) { try conjugateGradients(SparseMatrix(-dense), b) }
    #expect(throws: LinearAlgebraError.self) { try conjugateGradients(a, b * .nan) }
  }
}
