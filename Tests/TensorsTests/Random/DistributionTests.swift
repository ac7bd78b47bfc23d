import Tensors
import Testing

struct DistributionTests {
  @Test("Truncated normal numbers stay within their bounds and keep their distribution")
  func truncatedNormals() {
    var source = RandomSource(seed: 11)
    let count = 200_000
    let a = Tensor<Double>.truncatedNormal([count], using: &source)
    #expect(abs(a).maximum() <= 2)
    // Mean 0 and variance 1 - 4 phi(2) / (2 Phi(2) - 1) = 0.77374; five standard errors.
    let error = 5 * (0.77374 / Double(count)).squareRoot()
    #expect(Swift.abs(a.mean()) < error)
    #expect(Swift.abs(a.sumOfSquares() / Double(count) - 0.77374) < error)
    let b = Tensor<Float>.truncatedNormal(
      [7, 9], mean: 3, standardDeviation: 0.5, within: 0.5, using: &source)
    #expect(b.shape == [7, 9])
    // One rounding of numbers below 4.
    #expect(abs(b - 3).maximum() <= 0.25 + 4 * Float.ulpOfOne)
    var again = RandomSource(seed: 11)
    #expect(Tensor<Double>.truncatedNormal([count], using: &again) == a)
  }

  @Test("Integers fill their range evenly")
  func integerRange() {
    var source = RandomSource(seed: 12)
    let draws = Tensor<Int32>.integers([100, 500], in: -3..<7, using: &source)
    var counts = [Int](repeating: 0, count: 10)
    for value in draws.scalars { counts[Int(value) + 3] += 1 }
    // Binomial with mean 5000 and standard deviation 67; five of them.
    #expect(counts.allSatisfy { Swift.abs($0 - 5000) < 335 })
    let bytes = Tensor<UInt8>.integers([1000], in: 250..<255, using: &source)
    #expect(Set(bytes.scalars) == [250, 251, 252, 253, 254])
    let wide = Tensor<Int64>.integers([1000], in: .min..<Int64.max, using: &source)
    #expect(wide.scalars.contains { $0 < 0 } && wide.scalars.contains { $0 > 0 })
    #expect(Tensor<Int32>.integers([3], in: 4..<5, using: &source).scalars == [4, 4, 4])
  }

  @Test("Choices are distinct and equally likely")
  func choices() {
    var source = RandomSource(seed: 13)
    var counts = [Int](repeating: 0, count: 6)
    for _ in 0..<20_000 {
      let choice = Tensor<Int32>.choice(of: 2, from: 6, using: &source).scalars
      #expect(choice[0] != choice[1])
      for number in choice { counts[Int(number)] += 1 }
    }
    // Each number is in a third of the draws: standard deviation 67, five of them.
    #expect(counts.allSatisfy { Swift.abs($0 - 6667) < 335 })
    #expect(
      Tensor<Int32>.choice(of: 50, from: 50, using: &source).sorted().scalars
        == (0..<50).map(Int32.init))
    #expect(Set(Tensor<Int32>.choice(of: 100, from: 1 << 30, using: &source).scalars).count == 100)
    #expect(Tensor<Int32>.choice(of: 0, from: 0, using: &source).shape == [0])
  }
}
