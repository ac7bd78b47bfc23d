import Tensors
import Testing

struct SymmetricEigenTests {
  private func meetsTheBar<Scalar: RealScalar>(_ type: Scalar.Type, _ n: Int) throws {
    var source = RandomSource(seed: UInt64(n))
    let normal = Tensor<Double>.normal([n, n], using: &source)
    let factor = Tensor<Double>.normal([n, n / 2], using: &source)
    let kinds = [
      normal + normal.transposed(), matmul(factor, factor.transposed()), .zeros([n, n]),
      .identity(n), .ones([n, n]),
    ]
    for kind in kinds {
      let a = kind.converted(to: type)
      let all = try symmetricEigen(a)
      let values = all.values.converted(to: Double.self)
      let vectors = all.vectors.converted(to: Double.self)
      #expect(residualRatio(a, matmul(vectors * values, vectors.transposed())) < lapackThreshold)
      #expect(orthogonalityRatio(all.vectors) < lapackThreshold)
      #expect(zip(values.scalars, values.scalars.dropFirst()).allSatisfy { $0 <= $1 })
      let scale = max(a.converted(to: Double.self).norm(), 1e-30) * Double(Scalar.ulpOfOne)
      let alone = try symmetricEigenvalues(a).converted(to: Double.self)
      #expect((alone - values).norm() / (scale * max(1, Double(n))) < lapackThreshold)
      for count in Set([0, n / 3, n]) {
        let some = try symmetricEigen(a, largest: count)
        #expect(some.vectors.shape == [n, count])
        #expect(some.values.shape == [count])
        #expect(orthogonalityRatio(some.vectors) < lapackThreshold)
        guard count > 0 else { continue }
        // norm(a v - v w) / (norm(a) n ulp), also LAPACK's.
        let v = some.vectors.converted(to: Double.self)
        let w = some.values.converted(to: Double.self)
        let exact = a.converted(to: Double.self)
        let scale = max(exact.norm(), 1e-30) * Double(n) * Double(Scalar.ulpOfOne)
        #expect((matmul(exact, v) - v * w).norm() / scale < lapackThreshold)
        #expect((w - values.sliced(n - count..<n)).norm() / scale < lapackThreshold)
      }
    }
  }

  @Test("Eigenvectors meet LAPACK's own bound", arguments: [0, 1, 2, 3, 5, 16, 33, 64, 100])
  func lapackBound(_ n: Int) throws {
    try meetsTheBar(Float.self, n)
    try meetsTheBar(Double.self, n)
  }

  @Test("Only the lower triangle is read")
  func lowerTriangle() throws {
    let a = Tensor<Double>(rows: [[2, 99], [1, 2]])
    let values = try symmetricEigen(a).values
    #expect(Swift.abs(values[0] - 1) < 1e-14 && Swift.abs(values[1] - 3) < 1e-14)
    #expect(Swift.abs(try symmetricEigen(a, largest: 1).values[0] - 3) < 1e-14)
  }

  @Test("Only the lower triangle is read for eigenvalues alone")
  func lowerTriangleForValues() throws {
    let values = try symmetricEigenvalues(Tensor<Double>(rows: [[2, 99], [1, 2]]))
    #expect(Swift.abs(values[0] - 1) < 1e-14 && Swift.abs(values[1] - 3) < 1e-14)
  }

  @Test("Non-finite elements are an error")
  func nonFinite() {
    let a = Tensor<Float>(repeating: .nan, shape: [2, 2])
    #expect(throws: LinearAlgebraError.self) { try symmetricEigen(a) }
    #expect(throws: LinearAlgebraError.self) { try symmetricEigenvalues(a) }
    #expect(throws: LinearAlgebraError.self) { try symmetricEigen(a, largest: 1) }
  }
}
