/// The singular value decomposition of an operator to the smallest rank within `bounds` that keeps
/// the share `energy` (above 0, at most 1) of the sum of all squared singular values.
///
/// The rank is doubled, from the lower bound or 8, until the values found add up to enough, so that
/// little more is computed than is returned. The sum is exact for an operator held densely or by
/// its factors, and otherwise estimated from 32 products with random vectors, to within about a
/// quarter at worst and far better when many singular values matter. Traps if `energy` or `bounds`
/// do not fit, as when the upper bound exceeds the shorter side; throws as `leadingSingularVectors`
/// does.
public func truncatedSVD<Operator: LinearOperator>(
  of a: Operator, keeping energy: Double, ranks bounds: ClosedRange<Int>,
  method: TruncationMethod = .automatic, using source: inout RandomSource
) throws(LinearAlgebraError) -> TruncatedSVD<Operator.Scalar> {
  precondition(
    energy > 0 && energy <= 1, "truncatedSVD: energy \(energy) is not above 0 and at most 1")
  precondition(
    bounds.lowerBound >= 0 && bounds.upperBound <= min(a.rows, a.columns),
    "truncatedSVD: ranks \(bounds) do not fit an operator [\(a.rows), \(a.columns)]")
  let wanted = energy * squaredNorm(of: a, &source)
  var rank = min(bounds.upperBound, max(bounds.lowerBound, 8))
  while true {
    let svd = try truncatedSVD(of: a, rank: rank, method: method, using: &source)
    var kept = 0.0
    var needed = 0
    for value in svd.singularValues.converted(to: Double.self).scalars where kept < wanted {
      kept += value * value
      needed += 1
    }
    if kept >= wanted || rank == bounds.upperBound {
      return svd.truncated(to: max(bounds.lowerBound, needed))
    }
    rank = min(bounds.upperBound, 2 * rank)
  }
}

extension TruncatedSVD {
  /// The leading `rank` of these singular values and vectors. Traps when there are fewer.
  public func truncated(to rank: Int) -> TruncatedSVD {
    precondition(
      rank >= 0 && rank <= singularValues.elementCount,
      "truncated: rank \(rank) is outside 0...\(singularValues.elementCount)")
    return TruncatedSVD(
      u: u.sliced(0..<rank, alongAxis: 1).contiguous(),
      singularValues: singularValues.sliced(0..<rank), vt: vt.sliced(0..<rank),
      effectiveRank: min(effectiveRank, rank))
  }

  /// How far this is from the operator that it was computed from, estimated from products of the
  /// difference with `probes` normal random vectors. The estimate does not depend on how this was
  /// computed and costs one product with a block of `probes` vectors. Traps if the shapes differ or
  /// `probes` is not positive.
  public func error<Operator: LinearOperator>(
    of a: Operator, probes: Int = 10, using source: inout RandomSource
  ) -> TruncationError where Operator.Scalar == Scalar {
    precondition(
      u.shape[0] == a.rows && vt.shape[1] == a.columns,
      "error: factors \(u.shape), \(vt.shape) do not fit an operator [\(a.rows), \(a.columns)]")
    precondition(probes > 0, "error: probes \(probes) is not positive")
    let block = Tensor<Scalar>.normal([a.columns, probes], using: &source)
    let own = matmul(u, matmul(vt, block) * singularValues.reshaped(to: [-1, 1]))
    let squares = square(a.apply(block) - own).sum(squeezingAxes: [0])
      .converted(to: Double.self).scalars
    let largest = squares.reduce(0, Swift.max)
    return TruncationError(
      frobenius: (squares.reduce(0, +) / Double(probes)).squareRoot(),
      // 10 (2 / pi)^(1/2).
      spectralBound: 7.978845608028654 * largest.squareRoot(), probes: probes)
  }
}

/// An a-posteriori estimate of the difference between an operator and its approximation.
public struct TruncationError: Hashable, Sendable {
  /// An estimate of the Frobenius norm, unbiased in its square.
  public let frobenius: Double
  /// A bound on the spectral norm that fails with a probability of at most 10^-`probes` (Halko,
  /// Martinsson and Tropp, SIAM Review 2011, equation 4.3).
  public let spectralBound: Double
  /// The number of random vectors.
  public let probes: Int
}

/// The sum of the squares of all elements of an operator, estimated if they are not at hand.
private func squaredNorm<A: LinearOperator>(of a: A, _ source: inout RandomSource) -> Double {
  if let (left, right) = a.factors {
    if left.shape[0] <= min(a.rows, a.columns) {
      // The trace of the product of the two Gram matrices.
      return matmul(left, left.transposed()).dot(matmul(right, right.transposed()))
    }
    return stride(from: 0, to: a.columns, by: 256).reduce(0) { sum, start in
      let panel = right.sliced(start..<min(start + 256, a.columns), alongAxis: 1)
      return sum + matmul(left.transposed(), panel).sumOfSquares()
    }
  }
  if a.denseCost == 0 { return a.dense().sumOfSquares() }
  return a.apply(.normal([a.columns, 32], using: &source)).sumOfSquares() / 32
}
