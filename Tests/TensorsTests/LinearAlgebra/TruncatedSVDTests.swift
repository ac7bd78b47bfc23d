import Foundation
import Tensors
import Testing

struct TruncatedSVDTests {
  /// A matrix with singular values `value(1), value(2), ...` and random singular vectors.
  private func spectrum(
    _ m: Int, _ n: Int, _ source: inout RandomSource, _ value: (Double) -> Double
  ) throws -> (matrix: Tensor<Float>, values: [Double]) {
    let k = min(m, n)
    let u = try qr(Tensor<Double>.normal([m, k], using: &source)).q
    let v = try qr(Tensor<Double>.normal([n, k], using: &source)).q
    let values = (1...k).map { value(Double($0)) }
    return (matmul(u * Tensor(values), v.transposed()).converted(to: Float.self), values)
  }

  /// The share of the energy of the best rank-r approximation that projecting on `p` keeps.
  private func captured(
    _ p: SingularVectors<Float>, of a: Tensor<Float>, _ values: [Double]
  ) -> Double {
    let projected = matmul((p.side == .left ? a : a.transposed()).transposed(), p.vectors)
    let best = values.prefix(p.vectors.shape[1]).reduce(0) { $0 + $1 * $1 }
    return projected.sumOfSquares() / best
  }

  /// Sizes at which the automatic choice is a randomised route, not the Gram matrix.
  @Test("Automatic routes keep the energy of the best vectors on a power law")
  func powerLaw() throws {
    var source = RandomSource(seed: 12)
    for (m, n, r) in [(400, 1000, 100), (1000, 300, 40), (512, 700, 160)] {
      let (a, values) = try spectrum(m, n, &source) { exp(-0.7 * log($0)) }
      let p = try leadingSingularVectors(of: DenseOperator(a), rank: r, using: &source)
      #expect(captured(p, of: a, values) > 0.99)
      #expect(orthogonalityRatio(p.vectors) < lapackThreshold)
      let t = try truncatedSVD(of: DenseOperator(a), rank: r, using: &source)
      #expect(orthogonalityRatio(t.u) < lapackThreshold)
      #expect(orthogonalityRatio(t.vt.transposed()) < lapackThreshold)
      let all = values.reduce(0) { $0 + $1 * $1 }
      let best = values.prefix(r).reduce(0) { $0 + $1 * $1 }
      // Restricted on both sides, to samples: each loses its part.
      #expect((a - t.reconstructed()).sumOfSquares() < all - 0.98 * best)
    }
  }

  /// 200 tokens whose product has singular values i^-0.7 and rank 200.
  @Test(
    "The subspace of factors keeps the energy of the best vectors",
    arguments: [SingularSide.left, .right])
  func factoredSubspace(_ side: SingularSide) throws {
    var source = RandomSource(seed: 13)
    let (x, values) = try spectrum(200, 700, &source) { exp(-0.7 * log($0)) }
    let d = try qr(Tensor<Float>.normal([300, 200], using: &source)).q.transposed()
    let operators = [FactoredOperator(d, x), FactoredOperator(x, d)]
    for a in operators {
      let space = try leadingSubspace(of: a, rank: 64, side: side, using: &source)
      let dense = side == .left ? a.dense() : a.dense().transposed()
      let best = values.prefix(64).reduce(0) { $0 + $1 * $1 }
      #expect(matmul(space.basis.transposed(), dense).sumOfSquares() > 0.995 * best)
      #expect(orthogonalityRatio(space.basis) < lapackThreshold)
      #expect(space.effectiveRank == 64)
      let t = try truncatedSVD(of: a, rank: 64, using: &source)
      let all = values.reduce(0) { $0 + $1 * $1 }
      #expect((a.dense() - t.reconstructed()).sumOfSquares() < all - 0.995 * best)
      #expect(orthogonalityRatio(t.u) < lapackThreshold)
    }
  }

  /// A power iteration for a basis, however slowly the values decay.
  @Test(
    "A basis keeps most of the energy of the best vectors",
    arguments: [(0.7, 0.99), (0.5, 0.965), (0.3, 0.9)])
  func basisEnergy(_ exponent: Double, _ share: Double) throws {
    var source = RandomSource(seed: 17)
    let (a, values) = try spectrum(300, 500, &source) { exp(-exponent * log($0)) }
    let space = try leadingSubspace(of: DenseOperator(a), rank: 100, using: &source)
    let best = values.prefix(100).reduce(0) { $0 + $1 * $1 }
    let kept = matmul(space.basis.transposed(), a).sumOfSquares() / best
    #expect(kept > share, "\(kept)")
    #expect(orthogonalityRatio(space.basis) < lapackThreshold)
  }

  /// One value above the others by more than the square root of float's precision: their Gram matrix
  /// does not hold the smaller ones, which are nevertheless found, at any scale.
  @Test("Values beside a much larger one are found", arguments: [Float(1), 1e16, 1e-16])
  func largeValue(_ scale: Float) throws {
    var source = RandomSource(seed: 23)
    for rows in [300, 100] {
      let (a, values) = try spectrum(rows, 500, &source) { $0 < 2 ? 2_000 : exp(-0.7 * log($0)) }
      let scaled = DenseOperator(a * scale)
      let rank = rows / 3
      let found = [
        try leadingSingularVectors(of: scaled, rank: rank, using: &source).singularValues,
        try truncatedSVD(of: scaled, rank: rank, using: &source).singularValues,
      ]
      for (index, found) in found.enumerated() {
        for place in [0, 1, 10, 25] {
          // What a random sample loses of a value; a lost value would be 0 or that of a random
          // vector.
          let ratio = Double(found[place].scalar / scale) / values[place]
          #expect(abs(ratio - 1) < 0.02, "\(rows) rows, \(index), \(place): \(ratio)")
        }
      }
    }
  }

  private static let methods: [TruncationMethod] = [
    .automatic, .exact, .gram, .randomized(), .randomized(oversampling: 20, powerIterations: 3),
    .blockLanczos(), .blockLanczos(blocks: 6),
  ]

  @Test("Vectors capture the energy of the best ones on slow and fast decay", arguments: methods)
  func slowAndFastDecay(_ method: TruncationMethod) throws {
    var source = RandomSource(seed: 1)
    for (m, n, r) in [(96, 96, 24), (64, 200, 16), (200, 64, 32), (160, 192, 4)] {
      let decays: [(Double) -> Double] = [
        { 1 / $0.squareRoot() }, { exp(-0.7 * log($0)) }, { 1 / ($0 * $0) },
        { exp(-$0 / 2) },
      ]
      for (index, decay) in decays.enumerated() {
        let (a, values) = try spectrum(m, n, &source, decay)
        let p = try leadingSingularVectors(
          of: DenseOperator(a), rank: r, method: method, using: &source)
        #expect(p.side == (m <= n ? .left : .right))
        #expect(p.vectors.shape == [min(m, n), r])
        // Two power iterations lose less than half a percent of the optimum on the decay of real
        // gradients, i^-0.7 or faster, and less than one on the slowest here.
        #expect(
          captured(p, of: a, values) > (index == 0 ? 0.99 : 0.995), "\(m) x \(n), decay \(index)")
        #expect(orthogonalityRatio(p.vectors) < lapackThreshold)
        let largest = zip(p.singularValues.scalars, values.prefix(p.effectiveRank))
        #expect(largest.allSatisfy { Double($0) < $1 * 1.001 + 1e-4 })
      }
    }
  }

  @Test("A factored operator gives what its dense matrix gives", arguments: methods)
  func factoredOperator(_ method: TruncationMethod) throws {
    var source = RandomSource(seed: 2)
    let x =
      Tensor<Float>.normal([300, 40], using: &source) * Tensor((1...40).map { 1 / Float($0) })
    let d =
      Tensor<Float>.normal([300, 70], using: &source) * Tensor((1...70).map { 1 / Float($0) })
    for (left, right) in [(x, d), (d, x)] {
      let factored = FactoredOperator(left, right)
      let dense = factored.dense()
      let s = try singularValues(dense)
      let p = try leadingSingularVectors(of: factored, rank: 8, method: method, using: &source)
      #expect(captured(p, of: dense, s.scalars.map(Double.init)) > 0.999)
      let block = Tensor<Float>.normal([factored.columns, 3], using: &source)
      #expect(residualRatio(factored.apply(block), exact(matmul(dense, block))) < 30)
      let other = Tensor<Float>.normal([factored.rows, 3], using: &source)
      #expect(
        residualRatio(factored.applyTransposed(other), exact(matmul(dense.transposed(), other)))
          < 30)
      for side in [SingularSide.left, .right] {
        let gram = DenseOperator(dense).gram(side, scale: 0.5)
        #expect(residualRatio(factored.gram(side, scale: 0.5), exact(gram)) < 30)
      }
    }
  }

  private func exact(_ a: Tensor<Float>) -> Tensor<Double> { a.converted(to: Double.self) }

  @Test("Truncated factors are the leading ones of the full decomposition", arguments: methods)
  func leadingFactors(_ method: TruncationMethod) throws {
    var source = RandomSource(seed: 3)
    for (m, n) in [(30, 50), (50, 30), (20, 20)] {
      // A gap after the rank asked for makes the leading subspace well defined.
      let (a, values) = try spectrum(m, n, &source) { $0 <= 6 ? 10 / $0 : 0.01 / $0 }
      let t = try truncatedSVD(of: DenseOperator(a), rank: 6, method: method, using: &source)
      #expect(t.u.shape == [m, 6] && t.vt.shape == [6, n] && t.effectiveRank == 6)
      #expect(orthogonalityRatio(t.u) < lapackThreshold)
      #expect(orthogonalityRatio(t.vt.transposed()) < lapackThreshold)
      for (s, value) in zip(t.singularValues.scalars, values) {
        #expect(Swift.abs(Double(s) - value) < 1e-4 * value)
      }
      let lost = values.dropFirst(6).reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(Double((a - t.reconstructed()).norm()) < 1.001 * lost + 1e-5 * values[0])
    }
  }

  @Test("The largest component of every vector is positive", arguments: methods)
  func positiveComponents(_ method: TruncationMethod) throws {
    var source = RandomSource(seed: 4)
    let (a, _) = try spectrum(40, 60, &source) { 1 / $0 }
    for side in [SingularSide.left, .right] {
      var one = source
      let p = try leadingSingularVectors(
        of: DenseOperator(a), rank: 10, side: side, method: method, using: &one)
      #expect(p.side == side && p.vectors.shape == [side == .left ? 40 : 60, 10])
      for column in 0..<10 {
        let vector = p.vectors.sliced(column..<column + 1, alongAxis: 1)
        #expect(vector.maximum() > -vector.minimum())
      }
      // And the negated operator has the same vectors: the sign rule leaves no freedom.
      var third = source
      let r = try leadingSingularVectors(
        of: DenseOperator(-a), rank: 10, side: side, method: method, using: &third)
      #expect((p.vectors - r.vectors).norm() < 1e-3)
    }
  }

  /// In a process of its own, as sums may be added in another order while other tests use the threads.
  @Test("Runs repeat bit for bit")
  func reproducibility() async {
    await #expect(processExitsWith: .success) {
      var source = RandomSource(seed: 4)
      let a = Tensor<Float>.normal([40, 60], using: &source)
      for method in TruncatedSVDTests.methods {
        var (one, other) = (source, source)
        let p = try leadingSingularVectors(
          of: DenseOperator(a), rank: 10, method: method, using: &one)
        let q = try leadingSingularVectors(
          of: DenseOperator(a), rank: 10, method: method, using: &other)
        #expect(p.vectors == q.vectors && one == other)
      }
    }
  }

  @Test("A rank beyond the operator's is completed and reported", arguments: methods)
  func completion(_ method: TruncationMethod) throws {
    for (m, n, tokens, rank) in [(30, 40, 5, 12), (40, 30, 5, 30), (24, 24, 1, 3)] {
      var source = RandomSource(seed: 5)
      let x = Tensor<Float>.normal([tokens, m], using: &source)
      let d = Tensor<Float>.normal([tokens, n], using: &source)
      let dense = FactoredOperator(x, d).dense()
      for side in [SingularSide.left, .right] {
        for run in 0..<2 {
          let p =
            try run == 0
            ? leadingSingularVectors(
              of: FactoredOperator(x, d), rank: rank, side: side, method: method, using: &source)
            : leadingSingularVectors(
              of: DenseOperator(dense), rank: rank, side: side, method: method, using: &source)
          #expect(p.effectiveRank == tokens, "\(m) x \(n) \(side) \(run)")
          #expect(orthogonalityRatio(p.vectors) < lapackThreshold)
          #expect(p.singularValues.scalars.suffix(rank - tokens).allSatisfy { $0 == 0 })
          let near = side == .left ? dense : dense.transposed()
          let kept = matmul(p.vectors.transposed(), near).sumOfSquares()
          #expect(kept > 0.99999 * dense.sumOfSquares())
        }
      }
    }
  }

  /// Vectors that rounding alone determines would differ between the two.
  @Test(
    "The completion depends on the seed and not on rounding",
    arguments: [TruncationMethod.exact, .gram, .randomized()])
  func completionSeed(_ method: TruncationMethod) throws {
    var source = RandomSource(seed: 9)
    let x = Tensor<Float>.normal([4, 30], using: &source)
    let d = Tensor<Float>.normal([4, 50], using: &source)
    var one = source
    var two = source
    let p = try leadingSingularVectors(
      of: FactoredOperator(x, d), rank: 10, method: method, using: &one)
    let q = try leadingSingularVectors(
      of: DenseOperator(FactoredOperator(x, d).dense()), rank: 10, method: method, using: &two)
    // The Gram matrix's rounding moves the four vectors by some 1e-7, the others with them.
    #expect((p.vectors - q.vectors).norm() < 1e-3)
  }

  @Test(
    "The scale of the operator does not matter",
    arguments: methods + [.randomized(powerIterations: 0)])
  func operatorScale(_ method: TruncationMethod) throws {
    let start = RandomSource(seed: 6)
    var source = start
    let (a, _) = try spectrum(30, 40, &source) { 1 / $0 }
    var expected = source
    let p = try leadingSingularVectors(
      of: DenseOperator(a), rank: 5, method: method, using: &expected)
    // Powers of two whose squares leave the range of Float.
    for exponent in [-80, 80] {
      var other = source
      let scaled = a * Float(sign: .plus, exponent: exponent, significand: 1)
      let q = try leadingSingularVectors(
        of: DenseOperator(scaled), rank: 5, method: method, using: &other)
      #expect((p.vectors - q.vectors).norm() < 1e-4)
      #expect(q.effectiveRank == 5)
    }
  }

  @Test("Zero and non-finite operators are errors", arguments: methods)
  func invalidOperators(_ method: TruncationMethod) {
    var source = RandomSource(seed: 7)
    for value in [Float(0), .nan, .infinity] {
      var a = Tensor<Float>.zeros([8, 9])
      a[3, 4] = value
      let error = #expect(throws: LinearAlgebraError.self) {
        try leadingSingularVectors(
          of: DenseOperator(a), rank: 2, method: method, using: &source)
      }
      #expect(error?.message.contains(value == 0 ? "is zero" : "NaN or infinite") == true)
      #expect(throws: LinearAlgebraError.self) {
        try truncatedSVD(of: DenseOperator(a), rank: 2, method: method, using: &source)
      }
    }
  }

  @Test("Errors show the operator as it was given")
  func givenOperator() {
    var source = RandomSource(seed: 7)
    let error = #expect(throws: LinearAlgebraError.self) {
      try truncatedSVD(of: DenseOperator(Tensor<Float>.zeros([4, 3])), rank: 1, using: &source)
    }
    #expect(error?.message == "operator [4, 3] is zero")
  }

  @Test("Doubles at the ends of their range are decomposed", arguments: methods)
  func extremeDoubles(_ method: TruncationMethod) throws {
    for (m, n) in [(20, 30), (150, 140)] {
      for exponent in [-960, 960] {
        var source = RandomSource(seed: 6)
        let (a, values) = try spectrum(m, n, &source) { 1 / ($0 * $0) }
        let unit = Double(sign: .plus, exponent: exponent, significand: 1)
        let scaled = DenseOperator(a.converted(to: Double.self) * unit)
        let t = try truncatedSVD(of: scaled, rank: 5, method: method, using: &source)
        for (found, value) in zip(t.singularValues.scalars, values) {
          // The values were rounded to float, and a sample loses a part of the last ones.
          #expect(abs(found / unit / value - 1) < 1e-3, "\(m) x \(n), 2^\(exponent)")
        }
        #expect(orthogonalityRatio(t.u) < lapackThreshold && t.effectiveRank == 5)
      }
    }
  }

  @Test("An empty operator has no vectors")
  func emptyOperator() throws {
    var source = RandomSource(seed: 8)
    let empty = DenseOperator(Tensor<Float>.zeros([0, 4]))
    let p = try leadingSingularVectors(of: empty, rank: 0, using: &source)
    #expect(p.vectors.shape == [0, 0] && p.effectiveRank == 0)
  }
}
