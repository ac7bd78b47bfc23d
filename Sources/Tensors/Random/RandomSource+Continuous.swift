extension Tensor where Scalar: RealScalar {
  /// Independent exponential numbers of mean `scale`.
  public static func exponential(
    _ shape: Shape, scale: Scalar = 1, using source: inout RandomSource
  )
    -> Tensor
  {
    let uniform = Tensor<Double>.uniform(shape, using: &source)
    return (log1p(-uniform) * -Double(scale)).converted(to: Scalar.self)
  }

  /// Independent gamma numbers, of mean `concentration * scale` (Marsaglia and Tsang, ACM TOMS 26, 2000).
  /// Traps unless both are positive.
  public static func gamma(
    _ shape: Shape, concentration: Scalar, scale: Scalar = 1, using source: inout RandomSource
  ) -> Tensor {
    precondition(
      concentration > 0 && scale > 0 && concentration < .infinity,
      "gamma: concentration \(concentration) and scale \(scale) are not positive numbers")
    return (gammas(shape, Double(concentration), &source) * Double(scale)).converted(
      to: Scalar.self)
  }

  /// Independent beta numbers in [0, 1], of mean `alpha / (alpha + beta)`. Traps unless both are
  /// positive.
  public static func beta(
    _ shape: Shape, alpha: Scalar, beta: Scalar, using source: inout RandomSource
  ) -> Tensor {
    precondition(
      alpha > 0 && beta > 0 && alpha < .infinity && beta < .infinity,
      "beta: alpha \(alpha) and beta \(beta) are not positive numbers")
    let (a, b) = (Double(alpha), Double(beta))
    // Both gammas of a small parameter may be 0 beside each other; then one side wins by its share.
    let (x, y) = (gammas(shape, a, &source), gammas(shape, b, &source))
    let sum = x + y
    let shares = x / sum
    let wins = Tensor<Double>.uniform(shape, using: &source) .< a / (a + b)
    return Tensors.select(where: sum .> 0, shares, otherwise: wins.converted(to: Double.self))
      .converted(to: Scalar.self)
  }

  /// Independent chi-squared numbers of the given degrees of freedom. Traps unless they are positive.
  public static func chiSquared(
    _ shape: Shape, degrees: Scalar, using source: inout RandomSource
  ) -> Tensor {
    gamma(shape, concentration: degrees / 2, scale: 2, using: &source)
  }

  /// Independent numbers of Student's t distribution. Traps unless the degrees of freedom are positive.
  public static func studentT(
    _ shape: Shape, degrees: Scalar, using source: inout RandomSource
  ) -> Tensor {
    let normal = Tensor.normal(shape, using: &source)
    return normal / sqrt(chiSquared(shape, degrees: degrees, using: &source) / degrees)
  }

  /// Independent numbers whose logarithms are normal.
  public static func logNormal(
    _ shape: Shape, mean: Scalar = 0, standardDeviation: Scalar = 1,
    using source: inout RandomSource
  ) -> Tensor {
    exp(normal(shape, mean: mean, standardDeviation: standardDeviation, using: &source))
  }

  /// Independent numbers of the Laplace distribution, of standard deviation `sqrt(2) * scale`.
  public static func laplace(
    _ shape: Shape, mean: Scalar = 0, scale: Scalar = 1, using source: inout RandomSource
  ) -> Tensor {
    exponential(shape, scale: scale, using: &source)
      - exponential(shape, scale: scale, using: &source) + mean
  }

  /// Independent numbers of the Gumbel distribution, of mean `location + 0.5772 * scale`.
  public static func gumbel(
    _ shape: Shape, location: Scalar = 0, scale: Scalar = 1, using source: inout RandomSource
  ) -> Tensor {
    log(exponential(shape, using: &source)) * -scale + location
  }

  /// Independent numbers of the logistic distribution.
  public static func logistic(
    _ shape: Shape, location: Scalar = 0, scale: Scalar = 1, using source: inout RandomSource
  ) -> Tensor {
    let u = Tensor<Double>.uniform(shape, using: &source)
    return ((log(u) - log1p(-u)) * Double(scale) + Double(location)).converted(to: Scalar.self)
  }

  /// Vectors of a normal distribution with a mean `[n]` and a covariance matrix `[n, n]`:
  /// `[count, n]`. Traps when the shapes do not fit; throws unless the matrix is positive definite.
  public static func multivariateNormal(
    _ count: Int, mean: Tensor, covariance: Tensor, using source: inout RandomSource
  ) throws(LinearAlgebraError) -> Tensor {
    precondition(
      covariance.shape == [mean.elementCount, mean.elementCount],
      "multivariateNormal: mean \(mean.shape) and covariance \(covariance.shape) do not fit")
    let l = try cholesky(covariance).l
    let z = normal([count, mean.elementCount], using: &source)
    return matmul(z, l.transposed()) + mean
  }

  /// Gamma numbers of scale 1. Those that are rejected, one in twenty, are drawn again.
  private static func gammas(_ shape: Shape, _ concentration: Double, _ source: inout RandomSource)
    -> Tensor<Double>
  {
    // Below 1, those of one more are multiplied by a power of a uniform number.
    let raised = concentration < 1 ? concentration + 1 : concentration
    let d = raised - 1 / 3, c = 1 / (9 * d).squareRoot()
    let count = shape.elementCount
    var result = Tensor<Double>.zeros([count])
    var open = count
    while open > 0 {
      let (x, u) = (
        Tensor<Double>.normal([open], using: &source),
        Tensor<Double>.uniform([open], using: &source)
      )
      let t = x * c + 1
      let v = t * t * t
      let bound = x * x * 0.5 + (1 - v + log(v)) * d
      let accepted = log1p(-u) .< bound
      open = result.place(v * d, where: accepted, in: count - open..<count)
    }
    if concentration < 1 {
      let u = Tensor<Double>.uniform([count], using: &source)
      result = result * exp(log1p(-u) * (1 / concentration))
    }
    return result.reshaped(to: shape)
  }
}

extension Tensor where Scalar == Double {
  /// Writes the accepted values to the first places of a range; returns how many places are left.
  fileprivate mutating func place(
    _ values: Tensor, where accepted: Tensor<Bool>, in range: Range<Int>
  )
    -> Int
  {
    var next = range.lowerBound
    withUnsafeMutableBuffer { out in
      values.withUnsafeBuffer { values in
        accepted.withUnsafeBuffer { accepted in
          for i in values.indices where accepted[i] {
            out[next] = values[i]
            next += 1
          }
        }
      }
    }
    return range.upperBound - next
  }
}
