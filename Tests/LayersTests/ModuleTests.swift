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

  @Test("Naming stores the dotted names in the parameters")
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
    let report = model.loadParameters(named: tensors.keys) { tensors[$0]! }
    #expect(report.unexpected == ["another", "other"])
    #expect(
      report.missing == ["hidden.weight", "output.weight", "extra.0.weight", "extra.1.weight"])
    #expect(!report.isComplete)
    #expect(model.namedParameters()[1].parameter.tensor == tensors["hidden.bias"])
  }

  @Test("All tensors with wrong shapes are listed, and everything else is loaded")
  func loadingShape() throws {
    let model = Perceptron(using: .dense())
    var tensors = model.parameterTensors.mapValues { $0 + 1 }
    tensors["hidden.bias"] = .ones([3])
    tensors["output.weight"] = .ones([2, 2])
    let before = model.parameterTensors
    let report = model.loadParameters(tensors)
    #expect(report.missing.isEmpty && report.unexpected.isEmpty)
    #expect(report.mismatched.map(\.name) == ["hidden.bias", "output.weight"])
    #expect(report.mismatched.first?.found == [3] && report.mismatched.first?.expected == [8])
    let error = #expect(throws: ParameterLoadError.self) { try report.requireComplete() }
    #expect(
      error?.description.contains("output.weight: the tensor has shape [2, 2], not [2, 8]") == true)
    #expect(model.parameterTensors["hidden.bias"] == before["hidden.bias"])
    #expect(model.parameterTensors["hidden.weight"] == tensors["hidden.weight"])
  }

  @Test("A module's tensors load into another module of its type")
  func roundTrip() throws {
    let (one, two) = (Perceptron(using: .dense(seed: 1)), Perceptron(using: .dense(seed: 2)))
    #expect(one.parameterTensors != two.parameterTensors)
    try two.loadParameters(one.parameterTensors).requireComplete()
    #expect(one.parameterTensors == two.parameterTensors)
  }

  @Test("Patterns freeze by name")
  func freezingByName() {
    let model = Perceptron(using: .dense(), norm: RMSNorm(5))
    let names = model.namedParameters().map(\.name)
    let patterns: [(String, [String])] = [
      ("*", names), ("hidden.*", ["hidden.weight", "hidden.bias"]), ("*.bias", ["hidden.bias"]),
      ("hidden", []), ("*hidden", []), ("", []), ("extra.*.weight", Array(names.suffix(2))),
      ("*n*e*", ["hidden.weight", "norm.weight"]), ("output.weight", ["output.weight"]),
      ("**t", names.filter { $0.hasSuffix("t") }), ("hidden.weight*", ["hidden.weight"]),
    ]
    for (pattern, expected) in patterns {
      model.setTrainable(true)
      #expect(model.setTrainable(false, matching: pattern) == expected, "\(pattern)")
      #expect(model.namedParameters().filter { !$0.parameter.isTrainable }.map(\.name) == expected)
    }
  }

  @Test("Counts distinguish trainable and frozen parameters, and include bytes")
  func counts() {
    let model = Perceptron(using: .dense(), norm: RMSNorm(5))
    model.setTrainable(false, matching: "hidden.*")
    let counts = model.parameterCounts
    #expect(counts.frozen == 4 * 8 + 8)
    #expect(counts.trainable == 8 * 2 + 5 + 2 + 2)
    #expect(counts.total == model.parameterCount)
    #expect(counts.byteCount == 4 * model.parameterCount)
  }

  @Test("The summary is a tree of names with types, shapes and counts, and totals")
  func summary() {
    let linear = LayerBuilder.dense()
    let shared = linear(4, 4, bias: true)
    let model = Sequential(shared, Activation.relu, Sequential(shared, linear(4, 300)))
    model.setTrainable(false, matching: "0.bias")
    let expected = """
      name             type        shape     elements
      -----------------------------------------------
      model            Sequential               1,220
      ├─ 0             Linear                      20
      │  ├─ weight                 [4, 4]          16
      │  └─ bias                   [4]              4  frozen
      ├─ 1             Activation
      └─ 2             Sequential               1,220
         ├─ 0          Linear                      20
         │  ├─ weight              [4, 4]          16  shared
         │  └─ bias                [4]              4  frozen, shared
         └─ 1          Linear                   1,200
            └─ weight              [300, 4]     1,200
      -----------------------------------------------
      trainable 1,216, frozen 4, total 1,220 elements; 4,880 bytes
      """
    #expect(model.summary() == expected)
    let lines = model.summary(name: "small", depth: 1).split(separator: "\n")
    #expect(lines.count == 8)
    #expect(lines[2].hasPrefix("small"))
  }

  @Test("A shared parameter loads from any of its names")
  func loadingShared() throws {
    struct Twice: Module { let first, second: RMSNorm }
    let norm = RMSNorm(2)
    let model = Twice(first: norm, second: norm)
    let report = model.loadParameters(named: ["second.weight"]) { _ in .zeros([2]) }
    #expect(report.isComplete)
    #expect(norm.weight.tensor == .zeros([2]))
  }
}
