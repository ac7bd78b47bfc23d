import Autodiff
import Tensors
import Testing

@Suite struct CheckpointingTests {
  @Test("Checkpointed gradients have the same bits", arguments: TestModel.Checkpointing.allCases)
  func sameBits(_ checkpointing: TestModel.Checkpointing) {
    let model = TestModel()
    let (loss, expected) = valueAndGradients(of: model.loss())
    let (again, gradients) = valueAndGradients(of: model.loss(checkpointing))
    #expect(again == loss)
    for parameter in model.parameters {
      #expect(gradients[parameter] == expected[parameter], "\(parameter.name)")
    }
  }

  @Test("Updates during a checkpointed pass give the same bits as without checkpointing")
  func updates() throws {
    for checkpointing in TestModel.Checkpointing.allCases {
      let (plain, model) = (TestModel(), TestModel())
      for _ in 0..<3 {
        try plain.descend()
        try model.descend(checkpointing)
      }
      for (a, b) in zip(plain.parameters, model.parameters) {
        #expect(a.tensor == b.tensor, "\(checkpointing) \(a.name)")
      }
    }
  }

  @Test("Checkpointed gradients are those of central differences")
  func gradientCheck() {
    let model = TestModel()
    let report = checkGradients(of: [model.scale, model.bias, model.shift]) { model.loss(.nested) }
    #expect(report.passed, "\(report.failures.prefix(3))")
  }

  @Test("A block is recomputed once, and not at all without a gradient")
  func runs() {
    let x = Parameter(normal([3], seed: 1))
    var runs = 0
    func block() -> Variable {
      checkpointed {
        runs += 1
        return square(Variable(x))
      }
    }
    _ = valueAndGradients(of: block().sum())
    #expect(runs == 2)
    _ = withoutGradient { block() }
    #expect(runs == 3)
    x.isTrainable = false
    #expect(!block().needsGradient)
    #expect(runs == 4)
  }

  @Test("A block may return its argument, or a value from outside")
  func trivialBlocks() {
    let x = Parameter(normal([3], seed: 1))
    let blocks: [(Variable) -> Variable] = [
      { $0 }, { y in checkpointed { y } }, { $0 + 0 },
    ]
    for block in blocks {
      let y = square(Variable(x))
      let gradients = valueAndGradients(of: (checkpointed { block(y) } + y * 0).sum()).gradients
      #expect(gradients[x] == 2 * x.tensor)
    }
    let constant = Variable(normal([3], seed: 2))
    #expect(!checkpointed { constant }.needsGradient)
  }

  @Test("Uses that do not affect a block's result are released")
  func deadUses() throws {
    let x = Parameter(normal([3], seed: 1), name: "x")
    let w = Parameter(normal([3], seed: 2), name: "w")
    let y = square(Variable(x))
    let block = checkpointed {
      _ = y * Variable(w)
      let inner = checkpointed {
        _ = tanh(y)
        return y * 3
      }
      return inner + Variable(x)
    }
    var names: [String] = []
    try backward(from: (block + Variable(w)).sum()) { event in
      guard case .dense(let parameter, let gradient) = event else { return }
      names.append(parameter.name)
      let expected = parameter === x ? 6 * x.tensor + .ones([3]) : .ones([3])
      #expect((gradient.float - expected).norm() <= 1e-6 * expected.norm())
    }
    #expect(names.sorted() == ["w", "x"])
  }

  @Test("A block whose parameters are frozen in the meantime releases its uses")
  func frozenMeanwhile() {
    let x = Parameter(normal([3], seed: 1))
    let w = Parameter(normal([3], seed: 2))
    let block = checkpointed { square(Variable(w)) }
    let loss = (block + Variable(w) + Variable(x)).sum()
    w.isTrainable = false
    let gradients = valueAndGradients(of: loss).gradients
    #expect(gradients[x] == .ones([3]))
    #expect(gradients[w] == .ones([3]))
  }

  @Test("Random numbers repeat if the generator was copied before")
  func random() {
    let x = Parameter(normal([100], seed: 1))
    let source = RandomSource(seed: 5)
    let block = {
      var copy = source
      return Variable(x) * Variable(Tensor<Float>.uniform([100], using: &copy))
    }
    let expected = valueAndGradients(of: block().sum()).gradients[x]
    #expect(valueAndGradients(of: checkpointed(block).sum()).gradients[x] == expected)
  }

  @Test("Nested blocks with random operations have the same bits as without checkpointing")
  func nestedRandom() {
    let x = Parameter(normal([20, 20], seed: 1))
    func loss(_ block: @escaping (@escaping () -> Variable) -> Variable) -> Variable {
      withTrainingMode(random: RandomSource(seed: 5)) {
        let outer = block {
          let first = dropout(Variable(x), rate: 0.3)
          let inner = block { tanh(dropout(first, rate: 0.5)) * dropout(first, rate: 0.2) }
          return dropout(inner, rate: 0.1) + block { dropout(inner, rate: 0.4) }
        }
        return dropout(outer, rate: 0.5).sum()
      }
    }
    let (value, expected) = valueAndGradients(of: loss { $0() })
    let (again, gradients) = valueAndGradients(of: loss { checkpointed($0) })
    #expect(again == value)
    #expect(gradients[x] == expected[x])
  }
}
