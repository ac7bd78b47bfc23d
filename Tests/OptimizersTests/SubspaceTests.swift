import Autodiff
import Optimizers
import Quantization
import TestSupport
import Tensors
import Testing

@Suite struct SubspaceTests {
  /// Each rule, refresh and format once.
  static let configurations: [SubspaceConfiguration] = [
    SubspaceConfiguration(rank: 3, refresh: .scheduled(.exponential(every: 2, growth: 1.5))),
    SubspaceConfiguration(
      rank: 3, rule: .withResidual(GradientProjector()), refresh: .scheduled(.static(every: 3)),
      stateRule: .reset),
    SubspaceConfiguration(
      rank: .fraction(0.5), rule: .scaledGradient(per: .channel),
      refresh: .scheduled(.static(every: 3)), stateRule: .project),
    SubspaceConfiguration(
      rank: 1, rule: .scaledGradient(per: .tensor), refresh: .scheduled(.static(every: 3))),
    SubspaceConfiguration(
      rank: .energy(lost: 0.3, atLeast: 1, atMost: 5), refresh: .converged(atMost: 3),
      stateRule: .project),
    SubspaceConfiguration(
      rank: 4, refresh: .lazy(every: 2),
      projectionFormat: .affine(AffineScheme(bits: .four, symmetry: .asymmetric))),
  ]

  private func make(_ index: Int, _ kind: OptimizerKind, _ matrix: Parameter) -> SubspaceOptimizer {
    SubspaceOptimizer(
      inner: kind.makeOptimizer(learningRate: .cosine(peak: 0.01, steps: 12)),
      configuration: Self.configurations[index], matrices: [matrix])
  }

  @Test(arguments: configurations.indices, OptimizerKind.allCases)
  func everyRuleGoesOnFromItsStateBitForBit(_ index: Int, _ kind: OptimizerKind) throws {
    for shape in [[10, 6], [6, 10], [6, 6], [1, 7], [7, 1]] as [Shape] {
      let gradients = (0..<11).map { gaussian(shape, seed: UInt64($0)) }
      let whole = Parameter(gaussian(shape, seed: 100), name: "w")
      make(index, kind, whole).run(whole, gradients)
      #expect(whole.tensor.allFinite)
      for cut in [1, 5, 8] {
        let first = Parameter(gaussian(shape, seed: 100), name: "w")
        let before = make(index, kind, first)
        before.run(first, Array(gradients[..<cut]))
        let second = Parameter(first.tensor, name: "w")
        let after = make(index, kind, second)
        try after.restore(before.state(of: first), of: second)
        after.run(second, Array(gradients[cut...]), from: cut)
        #expect(second.tensor == whole.tensor, "\(shape) cut at \(cut)")
      }
    }
  }

  @Test(arguments: configurations.indices)
  func bytesAreThoseOfTheFormula(_ index: Int) {
    for shape in [[40, 24], [24, 40]] as [Shape] {
      let matrix = Parameter(gaussian(shape, seed: 1), name: "w")
      let optimizer = make(index, .adamW, matrix)
      optimizer.run(matrix, (0..<4).map { gaussian(shape, seed: UInt64($0) + 2) })
      let rank = optimizer.rank(of: matrix)!
      #expect(optimizer.stateByteCount == 8 * rank * 40)
      #expect(
        optimizer.projectionByteCount
          == Self.configurations[index].projectionByteCount(
            out: shape[0], in: shape[1], rank: rank))
    }
  }

  /// Gradients with the singular values 8, 4, 2, 1, 1 / 2, ...: without the first r the share
  /// (4^-r - 4^-n) / (1 - 4^-n) of the energy remains.
  @Test(arguments: [(0.3, 1), (0.2, 2), (0.05, 3), (0.01, 4), (0.002, 5), (1e-9, 6)])
  func theEnergyRulePicksTheClosedFormRank(_ lost: Double, _ expected: Int) throws {
    let (out, input) = (14, 9)
    let u = try qr(gaussian([out, input], seed: 1)).q
    let v = try qr(gaussian([input, input], seed: 2)).q
    let values = Tensor<Float>((0..<input).map { Float(8) / Float(1 << $0) })
    for (gradient, side) in [
      (matmul(u * values, v.transposed()), ProjectionSide.left),
      (matmul(v * values, u.transposed()), .right),
    ] {
      for most in [2, 6] {
        let found = try GradientProjector().projection(
          of: gradient, rule: .energy(lost: lost, atLeast: 1, atMost: most), side: side,
          random: RandomSource(seed: 3))
        #expect(found.basis.shape == [input, min(expected, most)])
        // The same for factors, with few and with many tokens: Gᵀ = I G, padded with zeros.
        for tokens in [gradient.shape[0], 100] {
          let rows = Tensor<Float>.identity(gradient.shape[0])
          let none = Tensor<Float>.zeros([tokens - rows.shape[0], 1])
          let factored = try GradientProjector().projection(
            of: FactoredGradient(
              x: .concatenated([gradient, none.broadcast(to: [none.shape[0], gradient.shape[1]])]),
              d: .concatenated([rows, none.broadcast(to: [none.shape[0], rows.shape[1]])])),
            rule: .energy(lost: lost, atLeast: 1, atMost: most), side: side,
            random: RandomSource(seed: 3))
          #expect(factored.basis.shape == [input, min(expected, most)])
        }
      }
      let least = try GradientProjector().projection(
        of: gradient, rule: .energy(lost: lost, atLeast: 5, atMost: 9), side: side,
        random: RandomSource(seed: 3))
      #expect(least.basis.shape[1] == max(5, expected == 6 ? 9 : expected) || expected == 6)
    }
  }

  /// The first moment in the full space, P M, does not depend on the basis P of a subspace.
  @Test func transferredMomentsAreInvariantUnderRotationOfTheBasis() throws {
    let rank = 4
    let old = try qr(gaussian([20, rank], seed: 1)).q
    let rotation = try qr(gaussian([rank, rank], seed: 2)).q
    let new = matmul(old, rotation)
    let adam = AdamW(learningRate: .constant(0.1))
    let step = Parameter(.zeros([rank, 12]))
    adam.run(step, [gaussian([rank, 12], seed: 3)])
    let before = matmul(old, adam.state(of: step).floats["first"]!)
    adam.reparameterize(
      step, by: .project(overlap: matmul(new.transposed(), old), rankAxis: 0))
    let state = adam.state(of: step)
    #expect(relativeError(matmul(new, state.floats["first"]!), before) < 1e-6)
    #expect(state.floats["second"]!.minimum() >= 0)
  }

  @Test func apolloStoresNoProjection() {
    let matrix = Parameter(gaussian([12, 8], seed: 1), name: "w")
    let optimizer = make(2, .adamW, matrix)
    optimizer.run(matrix, [gaussian([12, 8], seed: 2)])
    #expect(optimizer.projectionByteCount == 0 && optimizer.basis(of: matrix) == nil)
    #expect(optimizer.rank(of: matrix) == 4)
  }

  @Test(arguments: configurations.indices)
  func zeroGradientsMoveNothing(_ index: Int) {
    let matrix = Parameter(gaussian([8, 6], seed: 1), name: "w")
    let start = matrix.tensor
    let optimizer = make(index, .adamW, matrix)
    optimizer.run(matrix, (0..<5).map { _ in .zeros([8, 6]) })
    #expect(matrix.tensor == start)
    optimizer.run(matrix, [gaussian([8, 6], seed: 2)], from: 5)
    #expect(matrix.tensor != start && matrix.tensor.allFinite)
  }

  @Test func theIntervalOfAStableSubspaceDoubles() {
    let gradient = gaussian([8, 6], seed: 1)
    let matrix = Parameter(gaussian([8, 6], seed: 2), name: "w")
    let optimizer = make(5, .adamW, matrix)
    var refreshes: [Float] = []
    for step in 0..<16 {
      optimizer.update(matrix, gradient, step: step)
      refreshes.append(optimizer.state(of: matrix).floats["progress"]!.scalars[1])
    }
    // At 0, 2 (then 4 apart), 6 (then 8 apart), 14.
    #expect(refreshes == [1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3, 4, 4])
  }
}
