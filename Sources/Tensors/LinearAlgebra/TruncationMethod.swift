/// How the leading singular vectors of an operator are found.
public enum TruncationMethod: Hashable, Sendable, Codable {
  /// `gram`, or `randomized` with two power iterations and a quarter of the rank (at least 10) as
  /// oversampling, whichever takes fewer operations. When the sample spans everything the
  /// operator's rank allows, as with fewer tokens than the rank asked for, the power iterations are
  /// left out.
  case automatic
  /// LAPACK's decomposition of the dense matrix.
  case exact
  /// Eigenvectors of the Gram matrix of the shorter side. Squaring hides singular values below
  /// about the square root of the machine precision times the largest.
  case gram
  /// The range of a random sample of the columns, refined by power iterations with an orthonormal
  /// basis in between (Halko, Martinsson and Tropp, SIAM Review 2011, algorithms 4.4 and 5.1).
  case randomized(oversampling: Int = 10, powerIterations: Int = 2)

  /// `automatic` replaced by the cheaper method for the leading `rank` vectors of an operator whose
  /// rows are its shorter side.
  func resolved<A: LinearOperator>(for a: A, rank: Int) -> TruncationMethod {
    guard self == .automatic else { return self }
    let oversampling = max(10, rank / 4)
    let (n, sample) = (a.rows, min(a.rows, rank + oversampling))
    let iterations = sample >= a.rankBound ? 0 : 2
    // Multiply-adds, with factorisations weighted by how far below a matrix product they run.
    let eigen = min(10 * n * n * n, 2 * n * n * n + 32 * n * n * rank)
    let gram = a.denseCost + n * n * a.columns + eigen
    let products = (2 * iterations + 2) * a.productCost * sample
    let bases = (iterations + 1) * 6 * n * sample * sample
    let small = a.columns * sample * sample + 10 * sample * sample * sample + n * sample * rank
    return products + bases + small < gram
      ? .randomized(oversampling: oversampling, powerIterations: iterations) : .gram
  }
}
