import Tensors
import Testing

/// Inverses, determinants, ranks, norms, LQ and general eigenvalues.
struct GeneralMatrixTests {
  private func normal(_ shape: Shape, _ seed: UInt64) -> Tensor<Double> {
    var source = RandomSource(seed: seed)
    return .normal(shape, using: &source)
  }

  @Test("Inverses undo their matrix", arguments: [0, 1, 2, 5, 17, 40])
  func inverses(_ n: Int) throws {
    let a = normal([n, n], 1) + .identity(n) * Double(2 * n)
    for matrix in [a, a.transposed()] {
      let product = matmul(matrix, try inverse(matrix))
      // Well conditioned: a few roundings of sums of n products.
      #expect((product - .identity(n)).norm() <= Double(n * n) * Double.ulpOfOne)
    }
  }

  @Test("Determinants of small matrices equal their formula exactly")
  func smallDeterminants() throws {
    #expect(try determinant(Tensor<Double>(rows: [[3, 8], [4, 6]])) == -14)
    #expect(try determinant(Tensor<Double>(rows: [[0, 1], [1, 0]])) == -1)
    #expect(try determinant(Tensor<Float>(rows: [[1, 2], [2, 4]])) == 0)
    #expect(try determinant(Tensor<Float>.zeros([0, 0])) == 1)
    #expect(try logDeterminant(Tensor<Float>(rows: [[1, 2], [2, 4]])) == (0, -.infinity))
    #expect(throws: LinearAlgebraError.self) {
      try determinant(Tensor<Double>(rows: [[.nan, 1], [1, 1]]))
    }
    #expect(throws: LinearAlgebraError.self) { try inverse(Tensor<Double>.zeros([2, 2])) }
  }

  @Test("Determinants multiply and change sign with swapped rows", arguments: [1, 2, 3, 8, 25])
  func determinantRules(_ n: Int) throws {
    let (a, b) = (normal([n, n], 2), normal([n, n], 3))
    let product = try determinant(a) * determinant(b)
    // Errors grow with the condition of the factors, hundreds here, and with n.
    #expect(Swift.abs(try determinant(matmul(a, b)) / product - 1) < 1e-10)
    let (sign, logarithm) = try logDeterminant(a)
    let exact = try determinant(a)
    #expect(sign == (exact < 0 ? -1 : 1))
    #expect(Swift.abs(exp(Tensor([logarithm])).scalar / Swift.abs(exact) - 1) < 1e-12)
    guard n > 1 else { return }
    let rolled = Tensor.concatenated([a.sliced(1..<2), a.sliced(0..<1), a.sliced(2..<n)])
    #expect(Swift.abs(try determinant(rolled) / -exact - 1) < 1e-12)
    // e to the power of 25,000 overflows; its logarithm does not.
    let large = try logDeterminant(Tensor<Double>.identity(n) * 1e300)
    #expect(Swift.abs(large.logarithm / (Double(n) * 690.7755278982137) - 1) < 1e-14)
  }

  @Test("Pseudo-inverses meet Penrose's conditions")
  func penroseConditions() throws {
    for shape in TestMatrix.shapes {
      for test in TestMatrix.all(shape, seed: 4) where test.kind != "graded" {
        let a = test.matrix
        let x = try pseudoInverse(a)
        #expect(x.shape == [shape[1], shape[0]])
        let (ax, xa) = (matmul(a, x), matmul(x, a))
        let tolerance = 1e-10
        #expect((matmul(ax, a) - a).norm() <= tolerance * Swift.max(1, a.norm()), "\(test)")
        #expect((matmul(xa, x) - x).norm() <= tolerance * Swift.max(1, x.norm()), "\(test)")
        #expect((ax - ax.transposed()).norm() <= tolerance * Swift.max(1, ax.norm()), "\(test)")
        #expect((xa - xa.transposed()).norm() <= tolerance * Swift.max(1, xa.norm()), "\(test)")
      }
    }
  }

  @Test("Ranks count the independent rows")
  func independentRows() throws {
    for shape in TestMatrix.shapes {
      let least = Swift.min(shape[0], shape[1])
      for test in TestMatrix.all(shape, seed: 5) where test.kind != "graded" {
        let expected =
          switch test.kind {
          case "rank-deficient": least / 2
          case "zero": 0
          case "ones": Swift.min(1, least)
          default: least
          }
        #expect(try matrixRank(test.matrix) == expected, "\(test)")
      }
    }
  }

  @Test("Norms and condition of a diagonal matrix are those of its elements")
  func diagonalMatrix() throws {
    let a = Tensor<Double>(rows: [[3, 0, 0], [0, -4, 0]])
    #expect(try matrixNorm(a, .frobenius) == 5)
    #expect(try matrixNorm(a, .one) == 4)
    #expect(try matrixNorm(a + 1, .infinity) == 6)
    #expect(try matrixNorm(a + 1, .one) == 5)
    // One rounding each.
    #expect(Swift.abs(try matrixNorm(a, .spectral) - 4) < 1e-14)
    #expect(Swift.abs(try matrixNorm(a, .nuclear) - 7) < 1e-14)
    #expect(Swift.abs(try conditionNumber(a) - 4 / 3.0) < 1e-14)
    #expect(try conditionNumber(Tensor<Float>.zeros([2, 2])) == .infinity)
    #expect(try conditionNumber(Tensor<Float>.zeros([0, 2])) == 1)
    #expect(try matrixNorm(Tensor<Float>.zeros([0, 2]), .spectral) == 0)
  }

  @Test("LQ gives a triangle and orthonormal rows", arguments: [FactorSize.thin, .full])
  func lqFactors(_ size: FactorSize) throws {
    for shape in TestMatrix.shapes {
      for test in TestMatrix.all(shape, seed: 6) {
        let factors = try lq(test.matrix, size)
        #expect(residualRatio(test.matrix, matmul(factors.l, factors.q)) < lapackThreshold)
        #expect(orthogonalityRatio(factors.q.transposed()) < lapackThreshold, "\(test)")
        #expect(factors.q.shape[0] == (size == .full ? shape[1] : shape.min()!), "\(test)")
        for i in 0..<factors.l.shape[0] {
          for j in 0..<factors.l.shape[1] where j > i { #expect(factors.l[i, j] == 0, "\(test)") }
        }
      }
    }
  }

  @Test("Eigenvectors satisfy their equation", arguments: [0, 1, 2, 3, 10, 33])
  func eigenvectors(_ n: Int) throws {
    for a in [normal([n, n], 7), normal([n, n], 8).transposed()] {
      let eigen = try generalEigen(a)
      let (lambda, mu) = (eigen.realValues, eigen.imaginaryValues)
      let (x, y) = (eigen.realVectors, eigen.imaginaryVectors)
      // a (x + iy) = (lambda + i mu)(x + iy), part by part; LAPACK's bar for geev.
      let bar = lapackThreshold * Swift.max(1, a.norm()) * Double(Swift.max(1, n)) * Double.ulpOfOne
      #expect((matmul(a, x) - (x * lambda - y * mu)).norm() < bar)
      #expect((matmul(a, y) - (x * mu + y * lambda)).norm() < bar)
      let lengths = square(x).sum(squeezingAxes: [0]) + square(y).sum(squeezingAxes: [0])
      #expect((lengths - 1).norm() < bar)
      // They add up to the trace.
      #expect(Swift.abs(lambda.sum() - einsum("ii->", a).scalar) < bar)
      #expect(Swift.abs(mu.sum()) < bar)
      let values = try eigenvalues(a)
      #expect((values.real.sorted() - lambda.sorted()).norm() < bar)
    }
  }

  @Test("A rotation has its angle as an eigenvalue")
  func rotation() throws {
    let values = try eigenvalues(Tensor<Float>(rows: [[0.6, -0.8], [0.8, 0.6]]))
    // Two roundings of numbers below 1.
    #expect(abs(values.real - [0.6, 0.6]).maximum() <= 2 * Float.ulpOfOne)
    #expect(abs(values.imaginary - [0.8, -0.8]).maximum() <= 2 * Float.ulpOfOne)
  }
}
