import Tensors
import Testing

/// Moments within five standard errors, and exact cases. Seeds are fixed.
struct FurtherDistributionTests {
  private let count = 100_000

  /// Whether the mean and the variance of the draws are those expected, given the fourth central moment.
  private func hasMoments(
    _ draws: Tensor<Double>, mean: Double, variance: Double, fourth: Double
  ) -> Bool {
    let n = Double(draws.elementCount)
    let squares = square(draws - mean).mean()
    // Of a fair coin the squares are all the same.
    let spread = max(fourth - variance * variance, 1e-20)
    return Swift.abs(draws.mean() - mean) < 5 * (variance / n).squareRoot()
      && Swift.abs(squares - variance) < 5 * (spread / n).squareRoot()
  }

  @Test("Exponential, gamma and beta numbers have their moments")
  func continuous() {
    var source = RandomSource(seed: 21)
    let exponential = Tensor<Double>.exponential([count], scale: 2, using: &source)
    #expect(exponential.minimum() >= 0)
    #expect(hasMoments(exponential, mean: 2, variance: 4, fourth: 9 * 16))
    for k in [0.3, 1, 2.5, 40] {
      let gamma = Tensor<Double>.gamma([count], concentration: k, scale: 3, using: &source)
      #expect(gamma.minimum() >= 0)
      #expect(
        hasMoments(gamma, mean: 3 * k, variance: 9 * k, fourth: 81 * (3 * k * k + 6 * k)), "\(k)")
    }
    for (a, b) in [(0.5, 0.5), (2.0, 5.0), (1e-3, 1e-3)] {
      let beta = Tensor<Double>.beta([count], alpha: a, beta: b, using: &source)
      let mean = a / (a + b), variance = mean * (1 - mean) / (a + b + 1)
      let excess =
        6 * ((a - b) * (a - b) * (a + b + 1) - a * b * (a + b + 2))
        / (a * b * (a + b + 2) * (a + b + 3))
      #expect(beta.minimum() >= 0 && beta.maximum() <= 1)
      #expect(
        hasMoments(
          beta, mean: mean, variance: variance, fourth: (excess + 3) * variance * variance),
        "\(a), \(b)")
    }
    let laplace = Tensor<Double>.laplace([count], mean: 1, scale: 2, using: &source)
    #expect(hasMoments(laplace, mean: 1, variance: 8, fourth: 6 * 64))
    let gumbel = Tensor<Double>.gumbel([count], using: &source)
    #expect(
      hasMoments(
        gumbel, mean: 0.5772156649, variance: 1.6449340668,
        fourth: 5.4 * 1.6449340668 * 1.6449340668))
    let t = Tensor<Double>.studentT([count], degrees: 10, using: &source)
    #expect(hasMoments(t, mean: 0, variance: 1.25, fourth: 4 * 1.25 * 1.25))
  }

  @Test("Gamma and beta numbers follow their distribution functions")
  func distributionFunctions() {
    var source = RandomSource(seed: 22)
    // Gamma of 2: 1 - (1 + x) exp(-x). Beta of (2, 1): x squared. Kolmogorov's bound at 1e-6.
    let bound = 2.7 / Double(count).squareRoot()
    let share = Tensor<Double>.range(from: 0.5, to: Double(count) + 0.5) / Double(count)
    let gamma = Tensor<Double>.gamma([count], concentration: 2, using: &source).sorted()
    #expect(abs(1 - (gamma + 1) * exp(-gamma) - share).maximum() < bound)
    let beta = Tensor<Double>.beta([count], alpha: 2, beta: 1, using: &source).sorted()
    #expect(abs(beta * beta - share).maximum() < bound)
  }

  @Test("Poisson and binomial numbers have their moments by either method")
  func discrete() {
    var source = RandomSource(seed: 23)
    for mean in [0, 0.5, 9.9, 10, 47, 1e6] {
      let poisson = Tensor<Double>.poisson([count], mean: mean, using: &source)
      #expect(poisson == floor(poisson) && poisson.minimum() >= 0)
      if mean == 0 {
        #expect(poisson.maximum() == 0)
        continue
      }
      #expect(
        hasMoments(poisson, mean: mean, variance: mean, fourth: mean * (1 + 3 * mean)), "\(mean)")
    }
    for (n, p) in [(1, 0.5), (20, 0.1), (100, 0.3), (1000, 0.9), (5, 1.0), (1_000_000, 0.25)] {
      let draws = Tensor<Double>.binomial([count], trials: n, probability: p, using: &source)
      let variance = Double(n) * p * (1 - p)
      #expect(draws == floor(draws) && draws.minimum() >= 0 && draws.maximum() <= Double(n))
      if p == 1 {
        #expect(draws.minimum() == 5)
        continue
      }
      let fourth = 3 * variance * variance + variance * (1 - 6 * p * (1 - p))
      #expect(
        hasMoments(draws, mean: Double(n) * p, variance: variance, fourth: fourth), "\(n), \(p)")
    }
    let geometric = Tensor<Double>.geometric([count], probability: 0.25, using: &source)
    #expect(geometric.minimum() == 1)
    #expect(hasMoments(geometric, mean: 4, variance: 12, fourth: 12 * 12 * (9 + 0.0625 / 0.75)))
  }

  @Test("Counts of Poisson numbers are those of the distribution")
  func poissonCounts() {
    var source = RandomSource(seed: 24)
    let mean = 12.0
    let counts = Tensor<Double>.poisson([count], mean: mean, using: &source)
      .converted(to: Int32.self).counts(minimumLength: 60).converted(to: Double.self)
    var probability = exp(Tensor(-mean)).scalar
    var statistic = 0.0
    for k in 0..<30 {
      let expected = probability * Double(count)
      if k >= 3, k < 25 { statistic += (counts[k] - expected) * (counts[k] - expected) / expected }
      probability *= mean / Double(k + 1)
    }
    // Chi-squared with some 21 degrees of freedom: above 60 once in 100,000.
    #expect(statistic < 60)
  }

  @Test("Weighted choices follow their weights")
  func choices() {
    var source = RandomSource(seed: 25)
    let weights: Tensor<Double> = [1, 0, 3, 6]
    let drawn = Tensor<Int32>.choice(of: count, weights: weights, .replacing, using: &source)
    let counts = drawn.counts(minimumLength: 4).scalars.map { Double($0) }
    for (count, share) in zip(counts, [0.1, 0, 0.3, 0.6]) {
      let expected = share * Double(self.count)
      #expect(Swift.abs(count - expected) <= 5 * (expected * (1 - share)).squareRoot())
    }
    var first = [0, 0, 0, 0]
    for _ in 0..<5_000 {
      let order = Tensor<Int32>.choice(of: 3, weights: weights, .withoutReplacing, using: &source)
      #expect(Set(order.scalars) == [0, 2, 3])
      first[Int(order[0])] += 1
    }
    #expect(Swift.abs(first[3] - 3_000) < 175)
    let rows = Tensor<Double>([[1, 0, 0], [0, 0, 5], [0, 1, 1]])
    for _ in 0..<20 {
      let picked = Tensor<Int32>.categorical(rows, using: &source)
      #expect(picked[0] == 0 && picked[1] == 2 && picked[2] > 0)
    }
    #expect(Tensor<Int32>.multinomial(50, probabilities: weights, using: &source).sum() == 50)
    let shuffled = Tensor<Int32>.range(from: 0, to: 100).shuffled(using: &source)
    #expect(shuffled.sorted() == .range(from: 0, to: 100) && shuffled != .range(from: 0, to: 100))
  }

  @Test("Normal vectors have their covariance")
  func multivariate() throws {
    var source = RandomSource(seed: 26)
    let sigma: Tensor<Double> = [[2, 0.5], [0.5, 1]]
    let draws = try Tensor<Double>.multivariateNormal(
      count, mean: [1, -1], covariance: sigma, using: &source)
    #expect((draws.mean(squeezingAxes: [0]) - [1, -1]).norm() < 0.03)
    #expect((covariance(draws, variables: .columns) - sigma).norm() < 0.06)
  }

  @Test("The same seed draws the same numbers")
  func seeds() {
    var (a, b) = (RandomSource(seed: 27), RandomSource(seed: 27))
    #expect(
      Tensor<Float>.gamma([99], concentration: 0.7, using: &a)
        == Tensor<Float>.gamma([99], concentration: 0.7, using: &b))
    #expect(
      Tensor<Float>.binomial([99], trials: 300, probability: 0.4, using: &a)
        == Tensor<Float>.binomial([99], trials: 300, probability: 0.4, using: &b))
    #expect(a == b)
  }
}
