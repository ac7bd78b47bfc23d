import Testing

@testable import Tensors

struct SVDTests {
  /// LAPACK's own bar for every kind of matrix, both layouts, thin and full.
  private func meetsTheBar<Scalar: RealScalar>(_ type: Scalar.Type, _ shape: Shape) throws {
    for seed in 0..<4 as Range<UInt64> {
      for test in TestMatrix.all(shape, seed: seed) {
        let dense = test.matrix.converted(to: type)
        for a in [dense, dense.transposed().copied().transposed()] {
          for size in [FactorSize.thin, .full] {
            let svd = try SVD(of: a, size)
            let (m, n, k) = (shape[0], shape[1], min(shape[0], shape[1]))
            #expect(svd.u.shape == (size == .thin ? [m, k] : [m, m]))
            #expect(svd.vt.shape == (size == .thin ? [k, n] : [n, n]))
            let u = svd.u.converted(to: Double.self).sliced(0..<k, alongAxis: 1)
            let vt = svd.vt.converted(to: Double.self).sliced(0..<k)
            let s = svd.singularValues.converted(to: Double.self)
            #expect(residualRatio(a, matmul(u * s, vt)) < lapackThreshold, "\(test)")
            #expect(orthogonalityRatio(svd.u) < lapackThreshold, "\(test)")
            #expect(orthogonalityRatio(svd.vt.transposed()) < lapackThreshold, "\(test)")
            let values = s.scalars
            #expect(zip(values, values.dropFirst()).allSatisfy { $0 >= $1 }, "\(test)")
            #expect(values.allSatisfy { $0 >= 0 }, "\(test)")
          }
        }
        // Other code runs for values alone: agreement to LAPACK's bar, not to the bit.
        let svd = try SVD(of: dense)
        let alone = try singularValues(dense)
        #expect(
          residualRatio(svd.singularValues, alone.converted(to: Double.self)) < lapackThreshold,
          "\(test)")
      }
    }
  }

  @Test("Factors meet LAPACK's own bound in float", arguments: TestMatrix.shapes)
  func floatBound(_ shape: Shape) throws {
    try meetsTheBar(Float.self, shape)
  }

  @Test("Factors meet LAPACK's own bound in double", arguments: TestMatrix.shapes)
  func doubleBound(_ shape: Shape) throws {
    try meetsTheBar(Double.self, shape)
  }

  @Test("The rank counts the values that exceed rounding")
  func numericalRank() throws {
    var source = RandomSource(seed: 3)
    let a = matmul(
      Tensor<Float>.normal([30, 4], using: &source), Tensor<Float>.normal([4, 20], using: &source))
    #expect(try SVD(of: a).rank() == 4)
    #expect(try SVD(of: Tensor<Float>.zeros([3, 2])).rank() == 0)
    #expect(try SVD(of: Tensor<Float>.diagonal(Tensor([4, 2, 1]))).rank(tolerance: 0.3) == 2)
  }

  @Test("Full factors reconstruct the matrix")
  func fullFactors() throws {
    var source = RandomSource(seed: 4)
    let a = Tensor<Double>.normal([5, 3], using: &source)
    #expect(residualRatio(a, try svd(a, .full).reconstructed()) < lapackThreshold)
    #expect(residualRatio(a, try svd(a).reconstructed()) < lapackThreshold)
  }

  @Test("Non-finite elements are an error", arguments: [Float.nan, .infinity, -.infinity])
  func nonFinite(_ value: Float) {
    var a = Tensor<Float>.ones([4, 3])
    a[2, 1] = value
    let expected = "svd: matrix [4, 3] has a NaN or infinite element"
    let error = #expect(throws: LinearAlgebraError.self) { try svd(a) }
    #expect(error?.description == expected)
    #expect(throws: LinearAlgebraError.self) { try singularValues(a) }
  }

  @Test("The operand is not changed")
  func unchangedOperand() throws {
    let a = Tensor<Float>(rows: [[1, 2], [3, 4]])
    _ = try svd(a)
    #expect(a.scalars == [1, 2, 3, 4])
  }

  @Test("If a driver does not converge, the next gets the same matrix")
  func nextDriver() throws {
    var source = RandomSource(seed: 5)
    let a = Tensor<Float>.normal([9, 6], using: &source)
    let failing: SVDDriver<Float> = { _, m, n, work, _, _, _, _, _, _, scratch in
      if !scratch.isQuery { work.update(repeating: .nan, count: m * n) }
      return 3
    }
    func decompose(_ left: Shape, _ right: Shape, _ job: Character, _ drivers: SVDDriver<Float>...)
      throws -> (u: Tensor<Float>, s: Tensor<Float>, vt: Tensor<Float>)
    {
      var workspace = Workspace<Float>()
      var (u, s, vt) = (
        Tensor<Float>.zeros(left), Tensor<Float>.zeros([6]), Tensor<Float>.zeros(right)
      )
      let info = u.withMutablePointer { u in
        s.withMutablePointer { s in
          vt.withMutablePointer { workspace.decompose(a, job, u, s, $0, drivers: drivers) }
        }
      }
      try workspace.checkConvergence(info, "svd", a.shape)
      return (u, s, vt)
    }
    let (u, s, vt) = try decompose([9, 6], [6, 6], "S", failing, Float._gesvd)
    #expect(
      residualRatio(
        a, matmul((u * s).converted(to: Double.self), vt.converted(to: Double.self)))
        < lapackThreshold)
    #expect(orthogonalityRatio(u) < lapackThreshold)
    let full = try decompose([9, 9], [6, 6], "A", Float._gesvd)
    #expect(orthogonalityRatio(full.u) < lapackThreshold && full.u.shape == [9, 9])
    let values = try decompose([0], [0], "N", Float._gesvd).s
    #expect(residualRatio(values, s.converted(to: Double.self)) < lapackThreshold)
    let error = #expect(throws: LinearAlgebraError.self) {
      try decompose([9, 6], [6, 6], "S", failing, failing)
    }
    #expect(error?.description == "svd: no convergence for matrix [9, 6] (info 3)")
  }
}
