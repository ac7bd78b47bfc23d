import Tensors
import Testing

struct ReductionTests {
  private func subsets(_ count: Int) -> [[Int]] {
    (0..<1 << count).map { bits in (0..<count).filter { bits >> $0 & 1 == 1 } }
  }

  @Test("Sums are right along every set of axes in every layout")
  func axisSums() {
    everyTensor { reference, tensor, name in
      for axes in subsets(reference.shape.count) {
        let kept = reference.shape.indices.filter { !axes.contains($0) }
        var expected = Reference(kept.map { reference.shape[$0] }, first: 0, step: 0)
        var totals: [[Int]: Float] = [:]
        for index in Reference.indices(reference.shape) {
          totals[kept.map { index[$0] }, default: 0] += reference[index]
        }
        expected = Reference(expected.shape) { totals[$0] ?? 0 }
        #expect(expected.matches(tensor.sum(squeezingAxes: axes)), "\(name) \(axes)")
        let negative = axes.map { $0 - reference.shape.count }
        let along = tensor.sum(alongAxes: negative)
        #expect(
          along.shape.dimensions
            == reference.shape.enumerated().map { axes.contains($0.offset) ? 1 : $0.element })
        #expect(along.scalars == expected.values, "\(name) \(axes)")
        let count = Float(axes.reduce(1) { $0 * reference.shape[$1] })
        guard count > 0 else { continue }
        let mean = tensor.mean(alongAxes: axes)
        let difference = zip(mean.scalars, expected.values).map { Swift.abs($0 - $1 / count) }
        // Two roundings of numbers below 81.
        #expect(difference.allSatisfy { $0 <= 81 * Float.ulpOfOne }, "\(name) \(axes)")
      }
    }
  }

  @Test("Reductions of whole tensors take every layout")
  func wholeTensors() {
    everyTensor { reference, tensor, name in
      let values = reference.values.map(Double.init)
      #expect(Double(tensor.sum()) == values.reduce(0, +), "\(name)")
      #expect(tensor.sumOfSquares() == values.reduce(0) { $0 + $1 * $1 }, "\(name)")
      #expect(tensor.dot(tensor.copied()) == tensor.sumOfSquares(), "\(name)")
      #expect(tensor.allFinite)
      guard !values.isEmpty else {
        #expect(tensor.mean().isNaN)
        return
      }
      #expect(tensor.maximum() == reference.values.max(), "\(name)")
      #expect(tensor.minimum() == reference.values.min(), "\(name)")
    }
  }

  @Test("argmax is the first of equals in each row")
  func firstOfEquals() {
    let a = Tensor<Float>(rows: [[1, 3, 3], [2, 1, 0], [-1, -1, -1]])
    #expect(a.argmaxAlongRows().scalars == [1, 0, 0])
    #expect(a.transposed().argmaxAlongRows().scalars == [1, 0, 0])
    #expect(Tensor<Float>.zeros([0, 3]).argmaxAlongRows().shape == [0])
  }

  @Test("Long sums keep the accuracy of double")
  func longSums() {
    // Added one by one in float, the sum would stick at 2^24.
    let count = 1 << 25
    let ones = Tensor<Float>(1).broadcast(to: [count])
    #expect(ones.sum() == Float(count))
    #expect(ones.copied().sum(squeezingAxes: [0]).scalar == Float(count))
    #expect(ones.mean() == 1)
  }

  /// A mean of floats is rounded, and what that leaves must not count as variance.
  @Test("A variance is around the exact mean")
  func exactMean() {
    let x = Tensor<Float>([16_777_216, 16_777_218])
    #expect(x.variance(alongAxes: [0]).scalars == [1])
    #expect(x.variance(squeezingAxes: [0], correction: 1).scalar == 2)
    #expect(Tensor<Float>([0.1, 0.1, 0.1]).standardDeviation(alongAxes: [0]).scalars == [0])
    #expect(Tensor<Float>([1, .nan]).variance(squeezingAxes: [0]).scalar.isNaN)
  }

  @Test("A mean neither overflows nor multiplies by a rounded reciprocal")
  func meanAccuracy() {
    #expect(Tensor<Float>([3e38, 3e38]).mean(alongAxes: [0]).scalars == [3e38])
    #expect(Tensor<Double>.ones([49, 2]).mean(alongAxes: [0]).scalars == [1, 1])
  }

  @Test("Non-finite elements are found and spread")
  func nonFinite() {
    for value in [Float.nan, .infinity, -.infinity] {
      for position in [0, 40, 99] {
        var a = Tensor<Float>.ones([100])
        a[position] = value
        #expect(!a.allFinite)
        #expect(!a.sum().isFinite)
        #expect(value.isNaN == a.maximum().isNaN)
        #expect(value.isNaN == a.minimum().isNaN)
      }
    }
  }

  @Test(
    "Norms are right even where their squares leave the range of doubles",
    arguments: [1e-200, 1e200, Double.leastNonzeroMagnitude])
  func normRange(_ unit: Double) {
    let x = Tensor<Double>([3 * unit, -4 * unit, 0, 0]).reshaped(to: [2, 2])
    #expect(abs(x.norm() / unit - 5) < 1e-15)
    let rows = x.norm(squeezingAxes: [1])
    #expect(abs(rows[0] / unit - 5) < 1e-15 && rows[1] == 0)
    #expect(Tensor<Double>([unit, .infinity]).norm() == .infinity)
    #expect(Tensor<Double>([unit, .nan]).norm().isNaN)
  }

  @Test("The variance of too few elements is NaN or infinite")
  func smallVariance() {
    let x: Tensor<Double> = [[1], [2]]
    #expect(x.variance(squeezingAxes: [1], correction: 1).scalars.allSatisfy { $0.isNaN })
    #expect(x.variance(squeezingAxes: [1], correction: 2).scalars.allSatisfy { $0.isNaN })
    #expect(x.variance(squeezingAxes: [0], correction: 3).scalars == [.infinity])
  }
}
