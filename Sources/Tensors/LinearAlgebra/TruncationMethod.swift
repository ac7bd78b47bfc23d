/// How the leading singular vectors of an operator are found.
public enum TruncationMethod: Hashable, Sendable, Codable {
  /// `gram` for up to 128 rows; beyond, `gram` or `randomized` with one power iteration (two for
  /// fewer than 88 vectors) and 8 vectors of oversampling, whichever takes fewer operations; with
  /// one more iteration for a product known by its factors, whose small Gram matrices are then all
  /// that is needed. If the first products show that the singular values decay slowly,
  /// `blockLanczos` or `gram` instead, whichever takes fewer operations; but not for a mere basis.
  ///
  /// Where the singular values decay as i^-0.7, the vectors of the operator's shorter side keep
  /// 99.5 % of the energy that the best ones do; those of the other side, and the product of both
  /// with the singular values, keep 99 %. They keep more where the values decay faster, and 98 %
  /// where they decay as slowly as i^-0.3, of which a basis keeps 90 %. Power iterations are left
  /// out if the sample spans everything that the operator's rank allows, as with fewer tokens than
  /// the rank asked for.
  case automatic
  /// LAPACK's decomposition of the dense matrix.
  case exact
  /// Eigenvectors of the Gram matrix of the shorter side. Squaring hides singular values below
  /// about the square root of the machine precision times the largest.
  case gram
  /// The range of a random sample of the columns, refined by power iterations with an orthonormal
  /// basis in between (Halko, Martinsson and Tropp, SIAM Review 2011, algorithms 4.4 and 5.1).
  case randomized(oversampling: Int = 10, powerIterations: Int = 2)
  /// The best vectors in a block Krylov space of twice as many dimensions as vectors plus 8, grown
  /// from a random sample in `blocks` blocks that are all kept orthonormal. Where singular values
  /// decay slowly, it keeps more of the energy than as many power iterations, with half the
  /// products.
  case blockLanczos(blocks: Int = 8)
}

/// The steps of a method for one operator whose rows are its shorter side.
enum TruncationRoute: Hashable {
  case exact
  case gram
  /// Randomised, by products with the operator.
  case products(count: Int, steps: Int)
  /// Randomised, on the operator as a dense matrix, formed first.
  case formed(count: Int, steps: Int)
  /// Randomised, on the Gram matrices of the operator's factors.
  case factors(count: Int, steps: Int)
  /// A block Krylov space of `count` dimensions, grown by `width` at a time.
  case lanczos(count: Int, width: Int)
}

extension TruncationMethod {
  /// The cheapest route for the leading `rank` vectors among those the method allows.
  func route<A: LinearOperator>(for a: A, rank: Int, _ wanted: WantedVectors) -> TruncationRoute {
    var candidates: [(route: TruncationRoute, cost: Int)] = []
    let n = a.rows
    let tokens = a.factors?.left.shape[0]
    switch self {
    case .exact: return .exact
    case .gram: return .gram
    case .randomized(let oversampling, let powerIterations):
      precondition(
        oversampling >= 0 && powerIterations >= 0,
        "randomized: oversampling \(oversampling) or power iterations \(powerIterations) is negative"
      )
      add(min(n, rank + oversampling), powerIterations)
    case .blockLanczos(let blocks): return lanczosRoute(for: a, rank: rank, blocks: blocks).route
    case .automatic where n <= 128: return .gram
    case .automatic:
      let count = min(n, rank + 8)
      // Few vectors leave more of the energy in the tail, and cost little.
      add(count, count < 96 ? 2 : 1)
      candidates.append((.gram, gramCost(of: a)))
    }
    return candidates.min { $0.cost < $1.cost }!.route

    /// The randomised routes, in multiply-adds of a matrix product.
    func add(_ count: Int, _ steps: Int) {
      let across = wanted == .both ? a.columns * rank * (count + rank) : 0
      let small = steps * 2 * n * count * count + n * rank * (count + rank) + eigenCost(count)
      // Sums of signed columns are bound by memory instead.
      let sample = 16 * (tokens ?? n) * a.columns
      candidates.append(
        (
          .products(count: count, steps: steps),
          sample + 2 * steps * a.productCost * count + small + across
        ))
      guard let tokens, steps > 0 else { return }
      candidates.append(
        (
          .formed(count: count, steps: steps),
          a.denseCost + sample + 2 * steps * n * a.columns * count + small + across
        ))
      // A step costs little here, and with one more a basis needs no oversampling.
      let (sampled, rounds) = (wanted == .basis ? rank : count, steps + 1)
      guard tokens > sampled else { return }
      let inner = rounds * tokens * sampled * (2 * tokens + 2 * sampled)
      candidates.append(
        (
          .factors(count: sampled, steps: rounds),
          tokens * tokens * (n + a.columns) * 5 / 8 + inner + n * rank * (tokens + rank)
            + (wanted == .basis ? 0 : eigenCost(sampled)) + across
        ))
    }
  }
}

extension TruncationMethod {
  /// What `automatic` turns to when it finds that the singular values decay slowly.
  func routeForSlowDecay<A: LinearOperator>(
    for a: A, rank: Int, _ wanted: WantedVectors
  ) -> TruncationRoute? {
    // A basis then misses only vectors with little more energy than those left out anyway.
    guard self == .automatic, wanted != .basis else { return nil }
    let (route, cost) = lanczosRoute(for: a, rank: rank, blocks: 8)
    return cost < gramCost(of: a) ? route : .gram
  }

  private func lanczosRoute<A: LinearOperator>(for a: A, rank: Int, blocks: Int)
    -> (route: TruncationRoute, cost: Int)
  {
    precondition(blocks > 0, "blockLanczos: blocks \(blocks) is not positive")
    let count = min(a.rows, 2 * rank + 8)
    let width = (count + blocks - 1) / max(1, blocks)
    // All blocks but the last meet the operator twice; each is projected twice on those before.
    let products = (2 * count - width) * a.productCost + 2 * a.rows * count * count
    let small = a.columns * count * (count / 2 + rank) + a.rows * count * rank + eigenCost(count)
    return (.lanczos(count: count, width: width), products + small)
  }

  private func gramCost<A: LinearOperator>(of a: A) -> Int {
    a.denseCost + a.rows * a.rows * a.columns * 5 / 8 + eigenCost(a.rows)
  }
}

/// The cost of all eigenvectors of a symmetric `[n, n]` matrix, in multiply-adds of a matrix
/// product that takes as long: a fit to LAPACK's divide and conquer between 128 and 1100 rows.
private func eigenCost(_ n: Int) -> Int { 4 * n * n * n + 3000 * n * n }
