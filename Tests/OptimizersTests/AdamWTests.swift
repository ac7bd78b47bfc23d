import Autodiff
import Optimizers
import Quantization
import TestSupport
import Tensors
import Testing

@Suite struct AdamWTests {
  static let fixture = try! Fixture("optimizers")

  @Test(arguments: ["adam", "adamw", "adamw_decay", "adamw_other_betas"])
  func agreesWithPyTorchOverTwentySteps(_ name: String) throws {
    let f = Self.fixture
    let betas = f.numbers("betas", of: name)
    let parameter = Parameter(try f.tensor("initial", of: name))
    let adam = AdamW(
      learningRate: .constant(f.number("lr", of: name)), betas: (betas[0], betas[1]),
      epsilon: f.number("eps", of: name), weightDecay: f.number("weight_decay", of: name))
    let gradients: Tensor<Float> = try f.tensor("gradients", of: name)
    let expected: Tensor<Float> = try f.tensor("parameters", of: name)
    try #require(gradients.shape[0] == 20)
    for step in 0..<20 {
      adam.update(parameter, gradients.element(at: step), step: step)
      // PyTorch computes in double. This package rounds once per step, by at most half an ulp of
      // numbers below 4, and as much again for decay.
      let bound = Double(step + 1) * 0x1p-22
      #expect(maxDifference(parameter.tensor, expected.element(at: step)) <= bound, "step \(step)")
    }
    let state = adam.state(of: parameter)
    // Twenty roundings of float32 each.
    #expect(relativeError(state.floats["first"]!, try f.tensor("first_moment", of: name)) < 1e-6)
    #expect(relativeError(state.floats["second"]!, try f.tensor("second_moment", of: name)) < 1e-6)
  }

  @Test func scaledGradientIsTheSameAsAGradientMultipliedBefore() {
    let (a, b) = (Parameter(gaussian([9], seed: 1)), Parameter(gaussian([9], seed: 1)))
    let adam = AdamW(learningRate: .constant(0.1))
    for step in 0..<5 {
      let gradient = gaussian([9], seed: 10 + UInt64(step))
      // A power of two scales without rounding.
      adam.update(a, gradient, step: step, gradientScale: 0.25)
      adam.update(b, gradient * 0.25, step: step)
      #expect(a.tensor == b.tensor)
    }
  }

  @Test func theRateIsThatOfTheRunsStepAndTheCorrectionThatOfTheParameters() {
    let parameter = Parameter(.zeros([1]))
    let adam = AdamW(
      learningRate: .linear(peak: 1, steps: 11, warmup: 0), epsilon: 0)
    // A first update moves by the rate itself, regardless of the gradient and the run's step.
    adam.update(parameter, Tensor([7]), step: 5)
    #expect(abs(parameter.tensor.scalar + 0.5) < 1e-6)
  }

  @Test func updatesHappenInPlace() {
    let parameter = Parameter(gaussian([64], seed: 1))
    let address = parameter.address
    AdamW(learningRate: .constant(0.1)).run(
      parameter, [gaussian([64], seed: 2), gaussian([64], seed: 3)])
    #expect(parameter.address == address)
  }

  @Test func remembersEightBytesAnElement() {
    let (a, b) = (Parameter(.zeros([7, 3])), Parameter(.zeros([5])))
    let adam = AdamW(learningRate: .constant(0.1))
    #expect(adam.stateByteCount == 0)
    adam.update(a, .ones([7, 3]), step: 0)
    adam.update(b, .ones([5]), step: 0)
    #expect(adam.stateByteCount == 8 * (21 + 5))
    adam.reset(a)
    #expect(adam.stateByteCount == 8 * 5)
  }

  @Test func goesOnFromARestoredStateBitForBit() throws {
    let gradients = (0..<8).map { gaussian([13], seed: UInt64($0)) }
    func make() -> AdamW {
      AdamW(learningRate: .cosine(peak: 0.1, steps: 8), weightDecay: 0.1)
    }
    let whole = Parameter(gaussian([13], seed: 100))
    make().run(whole, gradients)

    let first = Parameter(gaussian([13], seed: 100))
    let adam = make()
    adam.run(first, Array(gradients[..<3]))
    let second = Parameter(first.tensor)
    let restored = make()
    try restored.restore(adam.state(of: first), of: second)
    // Further steps of the first must not affect the second.
    adam.run(first, Array(gradients[..<2]))
    restored.run(second, Array(gradients[3...]), from: 3)
    #expect(second.tensor == whole.tensor)
  }

  @Test func refusesAStateThatDoesNotFit() {
    let parameter = Parameter(.zeros([3]), name: "layer.bias")
    let adam = AdamW(learningRate: .constant(0.1))
    func refuses(_ step: Float, first: Shape, second: Shape) -> Bool {
      do {
        try adam.restore(
          TensorParts(
            floats: ["step": Tensor(step), "first": .zeros(first), "second": .zeros(second)]),
          of: parameter)
        return false
      } catch {
        return error.description.contains("layer.bias")
      }
    }
    #expect(!refuses(2, first: [3], second: [3]))
    #expect(refuses(2, first: [4], second: [3]))
    #expect(refuses(2, first: [3], second: [1, 3]))
    for step in [-1, 0.5, .nan, .infinity, 1e30] as [Float] {
      #expect(refuses(step, first: [3], second: [3]), "step \(step)")
    }
    #expect(throws: OptimizerError.self) {
      try adam.restore(TensorParts(floats: ["first": .zeros([3])]), of: parameter)
    }
    #expect(adam.state(of: parameter).floats["step"]?.scalar == 2)
  }
}

@Suite struct BasisChangeTests {
  let adam = AdamW(learningRate: .constant(0.1))

  private func trained(_ shape: Shape) -> Parameter {
    let parameter = Parameter(gaussian(shape, seed: 1))
    adam.run(parameter, [gaussian(shape, seed: 2), gaussian(shape, seed: 3)])
    return parameter
  }

  @Test func keepChangesNothing() {
    let parameter = trained([4, 3])
    let before = adam.state(of: parameter)
    adam.reparameterize(parameter, by: .keep)
    #expect(adam.state(of: parameter) == before)
  }

  @Test func resetForgetsMomentsAndCount() {
    let parameter = trained([4, 3])
    adam.reparameterize(parameter, by: .reset)
    #expect(adam.state(of: parameter).isEmpty)
  }

  @Test func projectCarriesTheMomentsIntoTheBasis() {
    let overlap = Tensor<Float>(rows: [[0.5, -0.25, 0], [0, 2, 1]])
    let squares = Tensor<Float>(rows: [[0.25, 0.0625, 0], [0, 4, 1]])
    // B [r, in] on the right side, [out, r] on the left.
    let right = trained([3, 5])
    let left = trained([5, 3])
    let (r, l) = (adam.state(of: right), adam.state(of: left))
    adam.reparameterize(right, by: .project(overlap: overlap, rankAxis: 0))
    adam.reparameterize(left, by: .project(overlap: overlap, rankAxis: 1))
    let (newRight, newLeft) = (adam.state(of: right), adam.state(of: left))
    // A sum of three products in float32.
    #expect(relativeError(newRight.floats["first"]!, matmul(overlap, r.floats["first"]!)) < 1e-6)
    #expect(relativeError(newRight.floats["second"]!, matmul(squares, r.floats["second"]!)) < 1e-6)
    #expect(
      relativeError(newLeft.floats["first"]!, matmul(l.floats["first"]!, overlap.transposed()))
        < 1e-6)
    #expect(
      relativeError(newLeft.floats["second"]!, matmul(l.floats["second"]!, squares.transposed()))
        < 1e-6)
    #expect(newRight.floats["step"] == r.floats["step"])
  }

  @Test func projectOntoTheSameBasisKeepsTheMoments() {
    let parameter = trained([6, 3])
    let before = adam.state(of: parameter)
    adam.reparameterize(parameter, by: .project(overlap: .identity(3), rankAxis: 1))
    #expect(adam.state(of: parameter) == before)
  }

  @Test func projectOfAParameterWithoutStateDoesNothing() {
    let parameter = Parameter(.zeros([2, 2]))
    adam.reparameterize(parameter, by: .project(overlap: .identity(2), rankAxis: 0))
    #expect(adam.state(of: parameter).isEmpty)
  }
}
