import Autodiff
import Tensors
import Testing

@Suite struct BackwardTests {
  @Test("A parameter used twice gets one gradient, at its last use in the backward pass")
  func lastUse() throws {
    let w = Parameter(normal([3], seed: 1), name: "w")
    let v = Parameter(normal([3], seed: 2), name: "v")
    let x = Variable(normal([3], seed: 3))
    var order: [String] = []
    let loss = (Variable(w) * (Variable(v) * (Variable(w) * x))).sum()
    try backward(from: loss) { event in
      if case .dense(let parameter, let gradient) = event {
        order.append(parameter.name)
        if parameter === w {
          // d(w v w x) / dw, to rounding.
          let expected = 2 * w.tensor * v.tensor * x.tensor
          #expect((gradient.float - expected).norm() <= 1e-6 * expected.norm())
        }
      }
    }
    #expect(order == ["v", "w"])
  }

  @Test(
    "Every parameter gets its gradient exactly once", arguments: TestModel.Checkpointing.allCases)
  func once(_ checkpointing: TestModel.Checkpointing) throws {
    let model = TestModel()
    var names: [String] = []
    try backward(from: model.loss(checkpointing)) { event in
      if case .dense(let parameter, _) = event { names.append(parameter.name) }
    }
    #expect(names.count == model.parameters.count)
    #expect(Set(names) == Set(model.parameters.map(\.name)))
  }

  @Test("The gradient of the whole model is that of central differences")
  func model() {
    let model = TestModel()
    let report = checkGradients(of: model.parameters) { model.loss() }
    #expect(report.passed, "\(report.failures.prefix(3))")
  }

  @Test(
    "A parameter's storage is unshared during an update in the consumer",
    arguments: TestModel.Checkpointing.allCases)
  func updateInPlace(_ checkpointing: TestModel.Checkpointing) throws {
    let model = TestModel()
    try backward(from: model.loss(checkpointing)) { event in
      if case .dense(let parameter, _) = event {
        let isUnique = parameter.tensor.isUniquelyReferenced()
        #expect(isUnique, "\(parameter.name)")
      }
    }
  }

  @Test("Updates during the pass give the same bits as updates after it")
  func streamed() throws {
    let (during, after) = (TestModel(), TestModel())
    try during.descend()
    let (_, gradients) = valueAndGradients(of: after.loss())
    for parameter in after.parameters {
      parameter.tensor.scaleAdd(adding: -0.01, times: gradients[parameter]!)
    }
    for (a, b) in zip(during.parameters, after.parameters) {
      #expect(a.tensor == b.tensor, "\(a.name)")
    }
  }

  @Test("A seed gives the vector-Jacobian product")
  func seed() throws {
    let x = Parameter(normal([2, 3], seed: 1))
    let seed = normal([2, 3], seed: 2)
    try backward(from: square(Variable(x)), seed: .float(seed)) { event in
      guard case .dense(_, let gradient) = event else { return }
      #expect(gradient.float == seed * (2 * x.tensor))
    }
  }

  @Test("The loss may be a parameter itself")
  func lossIsParameter() {
    let x = Parameter(Tensor(3))
    let (value, gradients) = valueAndGradients(of: Variable(x))
    #expect(value == 3)
    #expect(gradients[x]?.scalar == 1)
  }

  @Test("Values that need no gradient get none")
  func constants() {
    let frozen = Parameter(normal([3], seed: 1), isTrainable: false)
    let used = Parameter(normal([3], seed: 2))
    let x = Variable(used)
    #expect(!square(Variable(frozen)).needsGradient)
    #expect(!withoutGradient { square(x) }.needsGradient)
    #expect(valueAndGradients(of: square(Variable(frozen)).sum()).gradients.count == 0)
    let (_, gradients) = valueAndGradients(of: (x.detached() * Variable(frozen) + x).sum())
    #expect(gradients.count == 1)
    #expect(gradients[used] == .ones([3]))
  }

  @Test("A branch without effect on the loss adds nothing to its parameters' gradients")
  func deadBranch() {
    let x = Parameter(normal([3], seed: 1))
    let y = Variable(x)
    _ = square(y)
    let unused = tanh(y)
    let (_, gradients) = valueAndGradients(of: (y * 2).sum())
    #expect(gradients[x] == Tensor(repeating: 2, shape: [3]))
    #expect(unused.needsGradient)
  }

  @Test("A record can be used only once")
  func recordServesOnce() {
    let x = Parameter(normal([3], seed: 1))
    let loss = square(Variable(x)).sum()
    #expect(valueAndGradients(of: loss).gradients.count == 1)
    #expect(valueAndGradients(of: loss).gradients.count == 0)
  }

  @Test("An error thrown by the consumer ends the pass and leaves the parameters usable")
  func errors() throws {
    let model = TestModel()
    let expected = valueAndGradients(of: model.loss()).gradients
    for checkpointing in TestModel.Checkpointing.allCases {
      for stop in 1...model.parameters.count {
        var count = 0
        #expect(throws: Interruption.self) {
          try backward(from: model.loss(checkpointing)) { _ in
            count += 1
            if count == stop { throw Interruption() }
          }
        }
        #expect(count == stop)
      }
      let again = valueAndGradients(of: model.loss(checkpointing)).gradients
      for parameter in model.parameters { #expect(again[parameter] == expected[parameter]) }
    }
  }

  @Test("A record runs even after a parameter is released")
  func goneParameter() {
    let x = Parameter(normal([3], seed: 1))
    let other = square(Variable(Parameter(normal([3], seed: 2))))
    let (_, gradients) = valueAndGradients(of: (Variable(x) * other).sum())
    #expect(gradients.count == 1)
  }

  @Test("A seed of another shape traps")
  func seedShape() async {
    await #expect(processExitsWith: .failure) {
      let x = Parameter(.ones([3]))
      try backward(from: Variable(x), seed: .float(.ones([2]))) { _ in }
    }
    await #expect(processExitsWith: .failure) {
      try backward(from: Variable(Parameter(.ones([3])))) { _ in }
    }
  }
}
