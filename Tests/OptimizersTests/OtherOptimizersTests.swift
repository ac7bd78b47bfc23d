import Autodiff
import Optimizers
import Quantization
import TestSupport
import Tensors
import Testing

/// SGD and Adafactor against PyTorch's in double (Tests/Generators/optimizers.py).
@Suite struct OtherOptimizersTests {
  static let fixture = try! Fixture("optimizers")

  private func check(
    _ name: String, _ make: (Double) -> any Optimizer
  ) throws {
    let f = Self.fixture
    let initial: Tensor<Float> = try f.tensor("initial", of: name)
    let gradients: Tensor<Float> = try f.tensor("gradients", of: name)
    let expected: Tensor<Float> = try f.tensor("parameters", of: name)
    let parameter = Parameter(initial, name: "weight")
    let optimizer = make(f.number("lr", of: name))
    for step in 0..<gradients.shape[0] {
      optimizer.update(parameter, gradients.element(at: step), step: step, gradientScale: 1)
      // A few roundings in float32; for the movement, the rounding of the parameter itself weighs
      // more.
      #expect(relativeError(parameter.tensor, expected.element(at: step)) < 1e-6, "step \(step)")
      let moved = parameter.tensor - initial
      #expect(
        relativeError(moved, expected.element(at: step) - initial) < 5e-5, "step \(step)")
    }
  }

  @Test func momentumAgreesWithPyTorch() throws {
    try check("sgd", { SGD(learningRate: .constant($0), momentum: 0.9) })
  }

  @Test(arguments: ["adafactor_matrix", "adafactor_vector"])
  func adafactorAgreesWithTransformers(_ name: String) throws {
    try check(name, { Adafactor(learningRate: .constant($0)) })
  }

  @Test func adafactorWithAFirstMomentAgreesWithTransformers() throws {
    try check(
      "adafactor_first", { Adafactor(learningRate: .constant($0), momentum: 0.9) })
  }

  /// Each kind, and its expected state for a matrix.
  @Test(arguments: OptimizerKind.allCases)
  func everyKindHoldsWhatItCountsAndGoesOnFromItsState(_ kind: OptimizerKind) throws {
    let gradients = (0..<6).map { gaussian([80, 64], seed: UInt64($0) + 1) }
    let whole = Parameter(gaussian([80, 64], seed: 9), name: "w")
    let optimizer = kind.makeOptimizer(learningRate: .constant(0.01))
    optimizer.run(whole, gradients)
    #expect(optimizer.stateByteCount == kind.stateByteCount(shape: [80, 64]))
    let cut = Parameter(gaussian([80, 64], seed: 9), name: "w")
    let first = kind.makeOptimizer(learningRate: .constant(0.01))
    first.run(cut, Array(gradients[..<3]))
    let second = kind.makeOptimizer(learningRate: .constant(0.01))
    try second.restore(first.state(of: cut), of: cut)
    second.run(cut, Array(gradients[3...]), from: 3)
    #expect(cut.tensor == whole.tensor)
    let wrong = Parameter(.zeros([3, 2]), name: "wrong")
    #expect(throws: OptimizerError.self) { try second.restore(first.state(of: cut), of: wrong) }
    second.reset(cut)
    #expect(second.stateByteCount == 0 && second.state(of: cut).isEmpty)
  }

  @Test(arguments: OptimizerKind.allCases)
  func aProjectedStateFitsTheNewRank(_ kind: OptimizerKind) {
    for axis in [0, 1] {
      let (old, new): (Shape, Shape) = axis == 0 ? ([64, 80], [70, 80]) : ([80, 64], [80, 70])
      let parameter = Parameter(gaussian(old, seed: 1))
      let optimizer = kind.makeOptimizer(learningRate: .constant(0.01))
      optimizer.run(parameter, [gaussian(old, seed: 2)])
      optimizer.reparameterize(
        parameter, by: .project(overlap: gaussian([70, 64], seed: 3), rankAxis: axis))
      parameter.tensor = .zeros(new)
      optimizer.run(parameter, [gaussian(new, seed: 4)])
      #expect(parameter.tensor.allFinite)
      #expect(optimizer.stateByteCount == kind.stateByteCount(shape: new))
    }
  }

  @Test func pruningKeepsTheLargestMoments() {
    let adam = AdamW(learningRate: .constant(0.01))
    let parameter = Parameter(.zeros([10]))
    adam.run(parameter, [Tensor((0..<10).map { Float($0) - 4.5 })])
    adam.reparameterize(parameter, by: .prune(share: 0.8))
    for moment in ["first", "second"] {
      #expect(
        adam.state(of: parameter).floats[moment]!.scalars.map { $0 != 0 }
          == [true] + Array(repeating: false, count: 8) + [true])
    }
  }

  @Test func groupsAreTrainedApartAtOneRate() {
    let (a, b) = (Parameter(.ones([2]), name: "a"), Parameter(.ones([2]), name: "b"))
    let sgd = SGD(learningRate: .constant(1), momentum: 0)
    let adam = AdamW(learningRate: .constant(0.5))
    let grouped = GroupedOptimizer([(sgd, [a])], rest: adam)
    grouped.run(a, [Tensor([1, 2])])
    grouped.run(b, [Tensor([1, 2])])
    #expect(a.tensor.scalars == [0.5, 0])
    #expect(b.tensor.scalars.allSatisfy { abs($0 - 0.5) < 1e-6 })
    #expect(adam.state(of: a).isEmpty && sgd.state(of: b).isEmpty)
    grouped.learningRate = .constant(0)
    #expect(sgd.learningRate(7) == 0 && adam.learningRate(7) == 0)
  }
}
