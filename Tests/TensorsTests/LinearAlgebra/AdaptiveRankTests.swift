import Tensors
import Testing

struct AdaptiveRankTests {
  /// A diagonal matrix with singular values 1, 1/2, 1/4, ...: its energies are a geometric series.
  private func halving(_ m: Int, _ n: Int) -> Tensor<Double> {
    var a = Tensor<Double>.zeros([m, n])
    var value = 1.0
    for i in 0..<min(m, n) {
      a[i, i] = value
      value /= 2
    }
    return a
  }

  @Test(
    "The rank is the smallest that keeps the energy",
    arguments: [TruncationMethod.automatic, .exact, .gram])
  func smallestRank(_ method: TruncationMethod) throws {
    var source = RandomSource(seed: 1)
    let a = DenseOperator(halving(20, 30))
    // The first k of them hold 1 - 4^-k of the energy.
    for (energy, rank) in [(0.7, 1), (0.9, 2), (0.98, 3), (0.999, 5)] {
      let svd = try truncatedSVD(
        of: a, keeping: energy, ranks: 0...20, method: method, using: &source)
      #expect(svd.singularValues.shape == [rank])
      #expect(svd.u.shape == [20, rank] && svd.vt.shape == [rank, 30])
    }
    let low = try truncatedSVD(of: a, keeping: 0.7, ranks: 4...20, method: method, using: &source)
    #expect(low.singularValues.shape == [4])
    let high = try truncatedSVD(of: a, keeping: 1, ranks: 1...2, method: method, using: &source)
    #expect(high.singularValues.shape == [2])
  }

  @Test("Factors and bare products give the rank of the dense matrix")
  func operatorRanks() throws {
    var source = RandomSource(seed: 2)
    let left = Tensor<Double>.normal([3, 40], using: &source)
    let right = Tensor<Double>.normal([3, 50], using: &source)
    let svd = try truncatedSVD(
      of: FactoredOperator(left, right), keeping: 1 - 1e-9, ranks: 1...40, using: &source)
    #expect(svd.singularValues.shape == [3])
    // The same factors with so many rows of zeros that their Gram matrices cost more.
    let zeros = [Tensor<Double>.zeros([60, 40]), .zeros([60, 50])]
    let long = try truncatedSVD(
      of: FactoredOperator(
        .concatenated([left, zeros[0]]), .concatenated([right, zeros[1]])), keeping: 1 - 1e-9,
      ranks: 1...40, using: &source)
    #expect(long.singularValues.shape == [3])
    #expect((long.singularValues - svd.singularValues).norm() < 1e-10)
    // Ten equal values: the estimate of their energy may err by a quarter, one value by a tenth.
    var bare: [Int] = []
    for _ in 0..<5 {
      let basis = try qr(Tensor<Double>.normal([40, 10], using: &source)).q
      let some = try truncatedSVD(
        of: Products(matrix: matmul(basis, basis.transposed())), keeping: 0.5, ranks: 1...40,
        using: &source)
      bare.append(some.singularValues.elementCount)
    }
    #expect(bare.allSatisfy { (4...7).contains($0) } && bare.max()! >= 5, "\(bare)")
  }

  /// A matrix known only by its products.
  private struct Products: LinearOperator {
    let matrix: Tensor<Double>
    var rows: Int { matrix.shape[0] }
    var columns: Int { matrix.shape[1] }
    func apply(_ x: Tensor<Double>) -> Tensor<Double> { matmul(matrix, x) }
    func applyTransposed(_ x: Tensor<Double>) -> Tensor<Double> { matmul(matrix.transposed(), x) }
  }

  @Test("The error estimate is that of the tail")
  func errorEstimate() throws {
    var source = RandomSource(seed: 3)
    let a = Tensor<Double>.identity(200)
    let svd = try truncatedSVD(of: DenseOperator(a), rank: 100, method: .exact, using: &source)
    let error = svd.error(of: DenseOperator(a), probes: 30, using: &source)
    // 100 values of 1 are left: the norm is 10, and a chi-squared mean of 3,000 terms varies by 3 %.
    #expect(Swift.abs(error.frobenius - 10) < 0.8)
    #expect(error.spectralBound >= 1 && error.probes == 30)
    let whole = try truncatedSVD(of: DenseOperator(a), rank: 200, method: .exact, using: &source)
    // Only rounding.
    #expect(whole.error(of: DenseOperator(a), using: &source).frobenius < 1e-12)
  }
}
