/// Which sums of products a convolution keeps.
public enum ConvolutionExtent: Hashable, Sendable {
  /// All, also where the vectors overlap in part: `n + m - 1`.
  case full
  /// As many as the longer vector has elements, from the middle.
  case same
  /// Those where one vector lies within the other.
  case valid
}

/// The convolution of two vectors: `sum over j of a[j] b[k - j]`, the coefficients of the product of two
/// polynomials. Traps unless both are vectors with elements.
public func convolve<Scalar: RealScalar>(
  _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, _ extent: ConvolutionExtent = .full
) -> Tensor<Scalar> {
  precondition(
    a.rank == 1 && b.rank == 1 && a.elementCount > 0 && b.elementCount > 0,
    "convolve: shapes \(a.shape) and \(b.shape) are not vectors with elements")
  let (long, short) = a.elementCount >= b.elementCount ? (a, b) : (b, a)
  let (n, m) = (long.elementCount, short.elementCount)
  // The first and the last of the whole convolution that are kept.
  let (first, count): (Int, Int) =
    switch extent {
    case .full: (0, n + m - 1)
    case .same: ((m - 1) / 2, n)
    case .valid: (m - 1, n - m + 1)
    }
  let weights = short.scalars
  return Tensor(unsafeUninitializedShape: [count]) { out in
    let target = out.baseAddress!
    long.withPointer { x in
      // Blocks that stay in a cache while the weights pass over them.
      let block = 4_096
      parallelFor((count + block - 1) / block, grain: max(1, (1 << 15) / (block * m) + 1)) {
        range in
        let (start, end) = (
          first + range.lowerBound * block, first + min(count, range.upperBound * block)
        )
        for low in Swift.stride(from: start, to: end, by: block) {
          let high = min(end, low + block)
          (target + low - first).initialize(repeating: 0, count: high - low)
          for (j, weight) in weights.enumerated() {
            // Element k takes x[k - j].
            let (from, to) = (max(low, j), min(high, n + j))
            if from < to {
              Scalar._scaleAdd(weight, x + from - j, 1, target + from - first, to - from)
            }
          }
        }
      }
    }
  }
}

/// The correlation of two vectors, `sum over j of a[k + j] b[j]`: the convolution with the second one
/// reversed. Traps unless both are vectors with elements.
public func correlate<Scalar: RealScalar>(
  _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, _ extent: ConvolutionExtent = .valid
) -> Tensor<Scalar> {
  precondition(
    a.rank == 1 && b.rank == 1, "correlate: shapes \(a.shape) and \(b.shape) are not vectors")
  return convolve(a, b.flipped(alongAxes: [0]), extent)
}

extension Tensor where Scalar: RealScalar {
  /// The slopes along an axis of numbers `spacing` apart, in the shape of the tensor: central differences,
  /// and one-sided ones at both ends. Traps when the axis has fewer than two places.
  public func gradient(spacing: Scalar = 1, alongAxis axis: Int = -1) -> Tensor {
    let position = shape.normalized(axis: axis, in: "gradient")
    let n = shape[position]
    precondition(n >= 2, "gradient: axis \(axis) of \(shape) has fewer than two places")
    func part(_ range: Range<Int>) -> Tensor { sliced(range, alongAxis: position) }
    return .concatenated(
      [
        (part(1..<2) - part(0..<1)) / spacing,
        (part(2..<n) - part(0..<n - 2)) / (2 * spacing),
        (part(n - 1..<n) - part(n - 2..<n - 1)) / spacing,
      ], alongAxis: position)
  }

  /// The values of a polynomial with these coefficients, that of the highest power first, at some places.
  public func evaluatedPolynomial(at places: Tensor) -> Tensor {
    precondition(rank == 1, "evaluatedPolynomial: shape \(shape) is not a vector")
    return scalars.reduce(Tensor.zeros(places.shape)) { $0 * places + $1 }
  }

  /// The coefficients, that of the highest power first, of the polynomial of a degree through points by
  /// least squares. Traps when the shapes do not fit; throws as `leastSquares` does.
  public static func fittedPolynomial(places: Tensor, values: Tensor, degree: Int)
    throws(LinearAlgebraError) -> Tensor
  {
    precondition(
      places.rank == 1 && values.shape == places.shape && degree >= 0,
      "fittedPolynomial: places \(places.shape), values \(values.shape), degree \(degree)")
    let powers = vandermonde(places, count: degree + 1, .descending)
    // Columns of equal norm, so that none counts as zero beside the others.
    let sizes = powers.norm(squeezingAxes: [0])
    return try leastSquares(powers / sizes, values) / sizes
  }
}
