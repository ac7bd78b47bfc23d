import Autodiff
import Optimizers
import Quantization
import TestSupport
import Tensors
import Testing

@Suite struct GaLoreTests {
  static let fixture = try! Fixture("optimizers")

  /// Ten steps with projections at 0, 4 and 8, against galore-torch.
  @Test(arguments: ["galore_24x40", "galore_40x24", "galore_20x20"])
  func agreesWithGaLoreTorch(_ name: String) throws {
    let f = Self.fixture
    let parameter = Parameter(try f.tensor("initial", of: name), name: "weight")
    let gap = Int(f.number("gap", of: name))
    let galore = SubspaceOptimizer(
      inner: AdamW(
        learningRate: .constant(f.number("lr", of: name)), epsilon: f.number("eps", of: name)),
      configuration: SubspaceConfiguration(
        rank: .count(Int(f.number("rank", of: name))),
        scale: Float(f.number("scale", of: name)),
        rule: .within(GradientProjector(method: .exact)),
        refresh: .scheduled(.static(every: gap))), matrices: [parameter])
    let initial: Tensor<Float> = try f.tensor("initial", of: name)
    let gradients: Tensor<Float> = try f.tensor("gradients", of: name)
    let expected: Tensor<Float> = try f.tensor("parameters", of: name)
    let projections: Tensor<Float> = try f.tensor("projections", of: name)
    let isLeft = galore.side(of: parameter) == .left
    #expect(isLeft == (parameter.shape[1] <= parameter.shape[0]))
    for step in 0..<gradients.shape[0] {
      galore.update(parameter, gradients.element(at: step), step: step)
      let basis = try #require(galore.basis(of: parameter))
      let p = projections.element(at: step / gap)
      // Singular vectors in float32, whose values differ by at least a tenth of the largest.
      #expect(relativeError(basis, isLeft ? p.transposed() : p) < 1e-5, "step \(step)")
      // Compares the movement. Adam divides small elements of the projected gradient by their own
      // size, and so magnifies the rounding of P by the ratio of the largest element to them.
      let moved = parameter.tensor - initial
      #expect(relativeError(moved, expected.element(at: step) - initial) < 1e-3, "step \(step)")
    }
    let state = galore.state(of: parameter)
    #expect(relativeError(state.floats["first"]!, try f.tensor("first_moment", of: name)) < 1e-5)
    #expect(relativeError(state.floats["second"]!, try f.tensor("second_moment", of: name)) < 1e-5)
  }

  @Test func otherParametersAreTrainedByAdam() {
    let (a, b) = (Parameter(gaussian([4, 3], seed: 1)), Parameter(gaussian([4, 3], seed: 1)))
    let matrix = Parameter(.zeros([8, 8]))
    let galore = SubspaceOptimizer(
      inner: AdamW(learningRate: .constant(0.1)),
      configuration: SubspaceConfiguration(rank: 2),
      matrices: [matrix])
    let gradients = [gaussian([4, 3], seed: 2), gaussian([4, 3], seed: 3)]
    galore.run(a, gradients)
    AdamW(learningRate: .constant(0.1)).run(b, gradients)
    #expect(a.tensor == b.tensor)
    #expect(galore.side(of: a) == nil && galore.basis(of: a) == nil)
  }

  @Test func statesAreOfTheRankClampedToTheSmallerSide() {
    let (tall, wide) = (Parameter(.zeros([40, 6])), Parameter(.zeros([6, 50])))
    let galore = SubspaceOptimizer(
      inner: AdamW(learningRate: .constant(0.1)),
      configuration: SubspaceConfiguration(rank: 9),
      matrices: [tall, wide])
    galore.update(tall, gaussian([40, 6], seed: 1), step: 0)
    galore.update(wide, gaussian([6, 50], seed: 2), step: 0)
    #expect(galore.basis(of: tall)?.shape == [6, 6])
    #expect(galore.basis(of: wide)?.shape == [6, 6])
    #expect(galore.stateByteCount == 8 * (40 * 6 + 6 * 50))
    #expect(galore.projectionByteCount == 4 * (36 + 36))
  }

  @Test func zeroGradientMovesNothingBeforeAProjectionAndKeepsTheOneThereIs() {
    let matrix = Parameter(gaussian([8, 6], seed: 1))
    let start = matrix.tensor
    let galore = SubspaceOptimizer(
      inner: AdamW(learningRate: .constant(0.1)),
      configuration: SubspaceConfiguration(rank: 2, refresh: .scheduled(.static(every: 2))),
      matrices: [matrix])
    galore.update(matrix, .zeros([8, 6]), step: 0)
    #expect(matrix.tensor == start && galore.basis(of: matrix) == nil)
    galore.update(matrix, gaussian([8, 6], seed: 2), step: 1)
    let basis = galore.basis(of: matrix)
    #expect(basis != nil)
    galore.update(matrix, .zeros([8, 6]), step: 2)
    #expect(galore.basis(of: matrix) == basis)
  }

  @Test func movesWithinTheSpanOfItsProjection() throws {
    let matrix = Parameter(gaussian([12, 7], seed: 1))
    let start = matrix.tensor
    let galore = SubspaceOptimizer(
      inner: AdamW(learningRate: .constant(0.1)),
      configuration: SubspaceConfiguration(rank: 3, refresh: .scheduled(.static(every: 100))),
      matrices: [matrix])
    galore.run(matrix, (0..<4).map { gaussian([12, 7], seed: UInt64($0) + 2) })
    let p = try #require(galore.basis(of: matrix))
    let moved = matrix.tensor - start
    let within = matmul(matmul(moved, p), p.transposed())
    // The rounding of the matrix, which is larger than its movement.
    #expect(relativeError(within, moved) < 1e-5)
    #expect(moved.norm() > 0.1)
  }

  @Test func goesOnFromARestoredStateBitForBit() throws {
    let gradients = (0..<9).map { gaussian([10, 6], seed: UInt64($0)) }
    func make(_ matrix: Parameter) -> SubspaceOptimizer {
      let method = TruncationMethod.randomized(oversampling: 1, powerIterations: 0)
      return SubspaceOptimizer(
        inner: AdamW(learningRate: .cosine(peak: 0.1, steps: 9), weightDecay: 0.01),
        configuration: SubspaceConfiguration(
          rank: 3, rule: .within(GradientProjector(method: method)),
          refresh: .scheduled(.static(every: 4))), matrices: [matrix])
    }
    let whole = Parameter(gaussian([10, 6], seed: 100), name: "w")
    make(whole).run(whole, gradients)
    for cut in [0, 2, 4, 7] {
      let first = Parameter(gaussian([10, 6], seed: 100), name: "w")
      let galore = make(first)
      galore.run(first, Array(gradients[..<cut]))
      let second = Parameter(first.tensor, name: "w")
      let restored = make(second)
      try restored.restore(galore.state(of: first), of: second)
      restored.run(second, Array(gradients[cut...]), from: cut)
      #expect(second.tensor == whole.tensor, "cut at \(cut)")
    }
  }

  @Test func refusesAStateThatDoesNotFitAndKeepsItsOwn() throws {
    let matrix = Parameter(gaussian([8, 6], seed: 1), name: "w")
    let galore = SubspaceOptimizer(
      inner: AdamW(learningRate: .constant(0.1)),
      configuration: SubspaceConfiguration(rank: 2),
      matrices: [matrix])
    galore.update(matrix, gaussian([8, 6], seed: 2), step: 0)
    let state = galore.state(of: matrix)
    for (part, value) in [
      ("basis.values", Tensor<Float>.zeros([6, 3])), ("progress", Tensor(.nan)),
      ("progress", Tensor([0, 0, 0, -1, 0, 0, 2])),
      ("first", .zeros([8, 3])),
    ] {
      var wrong = state
      wrong.floats[part] = value
      #expect(throws: OptimizerError.self, "\(part)") { try galore.restore(wrong, of: matrix) }
    }
    #expect(galore.state(of: matrix) == state)
    try galore.restore(TensorParts(), of: matrix)
    #expect(galore.state(of: matrix).isEmpty)
  }
}
