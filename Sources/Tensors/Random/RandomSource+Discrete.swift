extension Tensor where Scalar: RealScalar {
  /// Independent Poisson numbers of the given mean, by inversion below 10 and by
  /// transformed rejection above (Hörmann, Insurance: Mathematics and Economics 12, 1993). Traps unless
  /// the mean is a number from 0 through 1e15.
  public static func poisson(_ shape: Shape, mean: Double, using source: inout RandomSource)
    -> Tensor
  {
    precondition(mean >= 0 && mean <= 1e15, "poisson: mean \(mean) is not from 0 through 1e15")
    if mean < 10 {
      return inverted(shape, first: ScalarMath.exp(-mean), using: &source) { mean / ($0 + 1) }
    }
    let root = mean.squareRoot(), logMean = ScalarMath.log(mean)
    let b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b
    let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4), vr = 0.9277 - 3.6224 / (b - 2)
    return drawn(shape, using: &source) { draws in
      while true {
        let u = draws.draw() - 0.5, v = draws.drawPositive()
        let us = 0.5 - u.magnitude
        let k = ((2 * a / us + b) * u + mean + 0.43).rounded(.down)
        if us >= 0.07, v <= vr { return k }
        if k < 0 || (us < 0.013 && v > us) { continue }
        let bound = k * logMean - mean - logFactorial(k)
        if ScalarMath.log(v * inverseAlpha / (a / (us * us) + b)) <= bound { return k }
      }
    }
  }

  /// Independent numbers of successes among `trials` of the given probability, by
  /// inversion when few are expected and by transformed rejection otherwise (Hörmann,
  /// Journal of Statistical Computation and Simulation 46, 1993). Traps unless the probability is from
  /// 0 through 1 and there are none or more trials.
  public static func binomial(
    _ shape: Shape, trials: Int, probability: Double, using source: inout RandomSource
  ) -> Tensor {
    precondition(
      trials >= 0 && probability >= 0 && probability <= 1,
      "binomial: \(trials) trials of probability \(probability)")
    if probability > 0.5 {
      return Scalar(trials)
        - binomial(shape, trials: trials, probability: 1 - probability, using: &source)
    }
    let n = Double(trials), p = probability
    if trials == 0 || p == 0 { return zeros(shape) }
    if n * p < 10 {
      let first = ScalarMath.exp(-2 * n * atanh(p / (2 - p)))
      return inverted(shape, first: first, using: &source) { (n - $0) / ($0 + 1) * (p / (1 - p)) }
    }
    let spread = (n * p * (1 - p)).squareRoot()
    let b = 1.15 + 2.53 * spread, a = -0.0873 + 0.0248 * b + 0.01 * p
    let c = n * p + 0.5, vr = 0.92 - 4.2 / b
    let alpha = (2.83 + 5.1 / b) * spread, logOdds = ScalarMath.log(p / (1 - p))
    let mode = ((n + 1) * p).rounded(.down)
    let h = logFactorial(mode) + logFactorial(n - mode)
    return drawn(shape, using: &source) { draws in
      while true {
        let u = draws.draw() - 0.5, v = draws.drawPositive()
        let us = 0.5 - u.magnitude
        let k = ((2 * a / us + b) * u + c).rounded(.down)
        if us >= 0.07, v <= vr { return k }
        if k < 0 || k > n { continue }
        let bound = h - logFactorial(k) - logFactorial(n - k) + (k - mode) * logOdds
        if ScalarMath.log(v * alpha / (a / (us * us) + b)) <= bound { return k }
      }
    }
  }

  /// Independent numbers of trials up to and including the first success. Traps unless the
  /// probability is above 0 and not above 1.
  public static func geometric(
    _ shape: Shape, probability: Double, using source: inout RandomSource
  ) -> Tensor {
    precondition(
      probability > 0 && probability <= 1, "geometric: probability \(probability) is not in (0, 1]")
    if probability == 1 { return ones(shape) }
    let logMiss = -2 * atanh(probability / (2 - probability))
    return drawn(shape, using: &source) { draws in
      (ScalarMath.log(draws.drawPositive()) / logMiss).rounded(.down) + 1
    }
  }
}

extension Tensor where Scalar: RealScalar {
  /// Numbers 0, 1, ... by their distribution function: the first has probability `first`, and the one after
  /// k `ratio(k)` times that of k.
  private static func inverted(
    _ shape: Shape, first: Double, using source: inout RandomSource, ratio: (Double) -> Double
  ) -> Tensor {
    var sums = [first]
    var (k, probability) = (0.0, first)
    while probability > 0, sums[sums.count - 1] + probability > sums[sums.count - 1] || k < 20 {
      probability *= ratio(k)
      k += 1
      sums.append(sums[sums.count - 1] + probability)
    }
    return sums.withUnsafeBufferPointer { sums in
      drawn(shape, using: &source) { draws in
        let u = draws.draw()
        var k = 0
        while k < sums.count - 1, sums[k] <= u { k += 1 }
        return Double(k)
      }
    }
  }
}

/// The inverse hyperbolic tangent of one number.
private func atanh(_ x: Double) -> Double { atanh(Tensor<Double>(x)).scalar }

/// log(k!) of a whole number: exact sums below 10, Stirling's series from there on, to 1e-13.
private func logFactorial(_ k: Double) -> Double {
  if k < 10 { return logFactorials[Int(k)] }
  let x = k + 1, y = 1 / (x * x)
  let series = (1.0 / 12 - y * (1.0 / 360 - y * (1.0 / 1260 - y / 1680))) / x
  return (x - 0.5) * ScalarMath.log(x) - x + 0.91893853320467274 + series
}

private let logFactorials: [Double] = (0..<10).map { k in
  ScalarMath.log((1...max(1, k)).reduce(1) { $0 * Double($1) })
}

/// Whether an element may be drawn more than once.
public enum Replacement: Hashable, Sendable {
  /// Each draw is from all elements.
  case replacing
  /// Each element is drawn at most once.
  case withoutReplacing
}

extension Tensor where Scalar == Int32 {
  /// `count` positions drawn with probabilities in proportion to weights, a vector. Without replacing, a
  /// position's share is that among those left (Efraimidis and Spirakis, Information Processing
  /// Letters 97, 2006). Traps on weights that are negative, NaN or infinite, and when too few are
  /// positive.
  public static func choice<Weight: RealScalar>(
    of count: Int, weights: Tensor<Weight>, _ replacement: Replacement,
    using source: inout RandomSource
  ) -> Tensor {
    precondition(
      weights.rank == 1 && weights.allFinite && (weights .>= 0).allTrue,
      "choice: weights of shape \(weights.shape) are not a vector of numbers that are not negative")
    let positive = (weights .> 0).trueCount
    precondition(
      count >= 0 && (count == 0 || positive >= (replacement == .replacing ? 1 : count)),
      "choice: cannot draw \(count) from \(positive) positive weights")
    let wide = weights.converted(to: Double.self)
    if replacement == .replacing {
      let cumulative = wide.cumulativeSum(alongAxis: 0)
      let draws =
        Tensor<Double>.uniform([count], using: &source) * (count == 0 ? 1 : cumulative[-1])
      return positive == 0
        ? .empty
        : Tensors.minimum(
          cumulative.searchSorted(draws, side: .right), Tensor(lastPositive(wide)))
    }
    // The first arrivals of processes whose rates are the weights.
    let arrivals = Tensor<Double>.exponential(wide.shape, using: &source) / wide
    return arrivals.argsort()[0..<count]
  }

  private static func lastPositive(_ weights: Tensor<Double>) -> Int32 {
    Int32(weights.scalars.lastIndex { $0 > 0 } ?? 0)
  }

  /// `count` numbers of `0..<population`, each drawn from all of them. Traps when it is empty.
  public static func choiceReplacing(
    of count: Int, from population: Int, using source: inout RandomSource
  ) -> Tensor {
    precondition(
      population > 0 && population <= Int(Int32.max),
      "choiceReplacing: cannot draw from \(population) numbers")
    return integers([count], in: 0..<Int32(population), using: &source)
  }

  /// One position for each row of probabilities `[..., n]`, which need not add up to 1: `[...]`. Traps as
  /// `choice` does on weights.
  public static func categorical<Weight: RealScalar>(
    _ probabilities: Tensor<Weight>, using source: inout RandomSource
  ) -> Tensor {
    precondition(
      probabilities.rank > 0 && probabilities.allFinite && (probabilities .>= 0).allTrue,
      "categorical: \(probabilities.shape) are not rows of numbers that are not negative")
    let rows = probabilities.asRows().converted(to: Double.self)
    let draws = Tensor<Double>.uniform([rows.shape[0]], using: &source).scalars
    let picked = zip(rows.slices, draws).map { row, draw in
      let cumulative = row.cumulativeSum(alongAxis: 0)
      precondition(cumulative[-1] > 0, "categorical: a row has no positive probability")
      let place = cumulative.insertionPoint(of: draw * cumulative[-1], side: .right)
      return Swift.min(Int32(place), lastPositive(row))
    }
    return Tensor(picked, shape: Shape(Array(probabilities.shape.dropLast())))
  }

  /// How often each position is drawn in `count` draws with the given probabilities, a vector.
  public static func multinomial<Weight: RealScalar>(
    _ count: Int, probabilities: Tensor<Weight>, using source: inout RandomSource
  ) -> Tensor {
    choice(of: count, weights: probabilities, .replacing, using: &source)
      .counts(minimumLength: probabilities.elementCount)
  }
}

extension Tensor {
  /// The parts along the first axis in random order. Traps for a scalar.
  public func shuffled(using source: inout RandomSource) -> Tensor {
    precondition(rank > 0, "shuffled: a scalar has no order")
    return self[Tensor<Int32>.permutation(shape[0], using: &source)]
  }
}
