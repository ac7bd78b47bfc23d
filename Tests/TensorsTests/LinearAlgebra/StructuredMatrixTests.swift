import Testing

@testable import Tensors

/// Every route to leading singular vectors on matrices of low rank and structure, in LAPACK's measures
/// and against its decomposition in double precision.
struct StructuredMatrixTests {
  private static let methods: [TruncationMethod] = [
    .automatic, .exact, .gram, .randomized(), .randomized(oversampling: 4, powerIterations: 1),
    .randomized(oversampling: 0, powerIterations: 2), .blockLanczos(), .blockLanczos(blocks: 3),
  ]

  private func exact<Scalar: RealScalar>(_ a: Tensor<Scalar>) -> Tensor<Double> {
    a.converted(to: Double.self)
  }

  /// Checks all ratios of one matrix, one method and some ranks; returns how many decompositions it
  /// measured.
  private func measure<Scalar: RealScalar, Operator: LinearOperator>(
    _ a: Tensor<Scalar>, as operation: Operator, _ sigma: [Double], _ method: TruncationMethod,
    _ ranks: [Int], _ name: String, seed: UInt64
  ) throws -> Int where Operator.Scalar == Scalar {
    let (m, n) = (a.shape[0], a.shape[1])
    let ulp = Double(Scalar.ulpOfOne)
    let unit = sigma[0] * Double(max(m, n)) * ulp
    let full = sigma.count { $0 > unit }
    // Squares hide the lower half of the digits; that is what this method promises.
    let bar = method == .gram ? lapackThreshold / ulp.squareRoot() : lapackThreshold
    for rank in ranks {
      var source = RandomSource(seed: seed)
      let found = try truncatedSVD(of: operation, rank: rank, method: method, using: &source)
      let values = exact(found.singularValues)
      let comment: Comment = "\(Scalar.self) \(name), rank \(rank) of \(full), \(method)"
      #expect(orthogonalityRatio(found.u) < lapackThreshold, comment)
      #expect(orthogonalityRatio(found.vt.transposed()) < lapackThreshold, comment)
      let excess = zip(values.scalars, sigma).map { $0 - $1 }
      #expect(excess.max()! < bar * unit, comment)
      let side: SingularSide = source.index(below: 2) == 0 ? .left : .right
      let vectors = try leadingSingularVectors(
        of: operation, rank: rank, side: side, method: method, using: &source
      ).vectors
      let basis = try leadingSubspace(
        of: operation, rank: rank, side: side, method: method, using: &source
      ).basis
      #expect(orthogonalityRatio(vectors) < lapackThreshold, comment)
      #expect(orthogonalityRatio(basis) < lapackThreshold, comment)
      guard rank >= full else { continue }
      #expect(excess.min()! > -bar * unit, comment)
      let product = matmul(exact(found.u) * values, exact(found.vt))
      #expect(residualRatio(a, product) < bar, comment)
      let near = side == .left ? a : a.transposed()
      for columns in [vectors, basis].map(exact) {
        let projected = matmul(columns, matmul(columns.transposed(), exact(near)))
        #expect(residualRatio(near, projected) < bar, comment)
      }
      if method != .gram, rank > full, sigma[full - 1] > 1000 * unit {
        #expect(found.effectiveRank == full, comment)
      }
    }
    return ranks.count
  }

  private func sweep<Scalar: RealScalar>(_ type: Scalar.Type) throws -> Int {
    var count = 0
    for (m, n) in [(1, 1), (2, 2), (5, 3), (12, 12), (30, 40), (129, 129)] {
      for (index, test) in try TestMatrix.structured(m, n, seed: 3).enumerated() {
        let a = test.matrix.converted(to: type)
        guard a.norm() > 0 else { continue }
        let sigma = try singularValues(exact(a)).scalars
        let full = sigma.count { $0 > sigma[0] * Double(max(m, n)) * Double(Scalar.ulpOfOne) }
        let isLarge = m > 100
        let ranks = Set(isLarge ? [min(full, 12)] : [1, full, full + 3, m].map { min($0, m, n) })
        for (turn, method) in Self.methods.enumerated() {
          // LAPACK itself would take half of the time on large ones.
          if isLarge, method == .exact || (index + turn).isMultiple(of: 2) { continue }
          count += try measure(
            a, as: DenseOperator(a), sigma, method, ranks.sorted(), test.description, seed: 5)
          if isLarge { continue }
          count += try measure(
            a, as: FactoredOperator(.identity(m), a), sigma, method, [min(full + 3, m, n)],
            "\(test) as a product", seed: 5)
        }
      }
    }
    return count
  }

  @Test("Float matrices of every structure meet LAPACK's bounds by every route")
  func floats() throws {
    #expect(try sweep(Float.self) > 4_000)
  }

  @Test("Double matrices of every structure meet LAPACK's bounds by every route")
  func doubles() throws {
    #expect(try sweep(Double.self) > 4_000)
  }

  /// One-hot rows side by side, which sums of signed columns may fold onto each other.
  @Test("Wide matrices meet LAPACK's bounds beyond the Gram matrix")
  func wideMatrices() throws {
    for kind in ["few rows", "one-hot, 8 classes", "blocks", "twelve equal values"] {
      for (m, n) in [(200, 200), (150, 260), (260, 150)] {
        let test = try TestMatrix.structured(m, n, seed: 4).first { $0.kind == kind }!
        let a = test.matrix.converted(to: Float.self)
        let sigma = try singularValues(test.matrix).scalars
        _ = try measure(
          a, as: DenseOperator(a), sigma, .automatic, [8, 12, 40], test.description, seed: 6)
      }
    }
  }
}
