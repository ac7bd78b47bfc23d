import Autodiff
import Layers
import Tensors
import Testing

private struct Perceptron: Module {
  let hidden, output: any LinearLayer
  let norm: RMSNorm?
  let extra: [RMSNorm]
  let size = 3

  init(using linear: LayerBuilder, norm: RMSNorm? = nil) {
    hidden = linear(4, 8, bias: true)
    output = linear(8, 2)
    self.norm = norm
    extra = [RMSNorm(2), RMSNorm(2)]
  }
}

@Suite struct ModuleTests {
  @Test("Stored properties are found with dotted names, in order")
  func names() {
    let model = Perceptron(using: .dense(), norm: RMSNorm(5))
    #expect(
      model.namedParameters().map(\.name) == [
        "hidden.weight", "hidden.bias", "output.weight", "norm.weight", "extra.0.weight",
        "extra.1.weight",
      ])
    #expect(model.parameterCount == 4 * 8 + 8 + 8 * 2 + 5 + 2 + 2)
    #expect(Perceptron(using: .dense()).namedParameters().count == 5)
  }

  @Test("A shared parameter is listed once, under its first name")
  func shared() {
    struct Twice: Module { let first, second: RMSNorm }
    let norm = RMSNorm(3)
    let model = Twice(first: norm, second: norm)
    #expect(model.namedParameters().map(\.name) == ["first.weight"])
    #expect(model.parameterCount == 3)
  }

  @Test("Modules are found by type")
  func modulesByType() {
    let model = Perceptron(using: .dense(), norm: RMSNorm(5))
    #expect(model.modules(ofType: (any LinearLayer).self).map(\.name) == ["hidden", "output"])
    #expect(model.modules(ofType: RMSNorm.self).map(\.name) == ["norm", "extra.0", "extra.1"])
  }

  @Test("Naming writes the dotted names into the parameters")
  func naming() {
    let model = Perceptron(using: .dense())
    model.nameParameters()
    #expect(model.parameters.map(\.name) == model.namedParameters().map(\.name))
  }

  @Test("Frozen parameters get no gradient")
  func freezing() {
    let model = Perceptron(using: .dense())
    model.hidden.setTrainable(false)
    let x = Variable(Tensor.ones([1, 4]))
    let (_, gradients) = valueAndGradients(of: model.output(relu(model.hidden(x))).sum())
    #expect(gradients.count == 1)
  }

  @Test("Loading sets parameters and lists missing and unexpected names")
  func loading() throws {
    let model = Perceptron(using: .dense())
    let tensors: [String: Tensor<Float>] = [
      "hidden.bias": Tensor(repeating: 7, shape: [8]), "other": .ones([1]), "another": .ones([1]),
    ]
    let report = try model.loadParameters(named: tensors.keys) { tensors[$0]! }
    #expect(report.unexpected == ["another", "other"])
    #expect(
      report.missing == ["hidden.weight", "output.weight", "extra.0.weight", "extra.1.weight"])
    #expect(!report.isComplete)
    #expect(model.namedParameters()[1].parameter.tensor == tensors["hidden.bias"])
  }

  @Test("Loading refuses another shape and names it")
  func loadingShape() throws {
    let model = Perceptron(using: .dense())
    #expect(throws: ParameterShapeError(name: "hidden.bias", found: [3], expected: [8])) {
      try model.loadParameters(named: ["hidden.bias"]) { _ in .ones([3]) }
    }
  }

  @Test("A shared parameter is loaded from any of its names")
  func loadingShared() throws {
    struct Twice: Module { let first, second: RMSNorm }
    let norm = RMSNorm(2)
    let model = Twice(first: norm, second: norm)
    let report = try model.loadParameters(named: ["second.weight"]) { _ in .zeros([2]) }
    #expect(report.isComplete)
    #expect(norm.weight.tensor == .zeros([2]))
  }
}
