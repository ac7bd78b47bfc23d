import Adapters
import Autodiff
import Layers
import LoQT
import ModelFiles
import Optimizers
import Quantization
import QuantizedLayers
import Stepping
import TensorFiles
import Tensors
import TestSupport
import Testing

/// A module with any layers is the same after it is saved and loaded.
@Suite struct ModuleSavingTests {
  struct Network: Module {
    let first, second: any LinearLayer
    let norm: LayerNorm
    init(_ factory: any LinearFactory, seed: UInt64) {
      let linear = LayerBuilder(factory, seed: seed)
      first = linear(12, 40, bias: true)
      second = linear(40, 7)
      norm = LayerNorm(40)
    }
    func callAsFunction(_ x: Variable) -> Variable { second(norm(silu(first(x)))) }
  }

  static let factories: [(name: String, factory: any LinearFactory)] = [
    ("dense", DenseLinearFactory()),
    ("loqt", LoQTFactory(LoQTConfiguration(rank: 4))),
    (
      "loqt by energy",
      LoQTFactory(LoQTConfiguration(rank: .energy(lost: 0.5, atLeast: 1, atMost: 5)))
    ),
    ("loqt-nq", LoQTFactory(.unquantized(rank: 4))),
    ("qlora", AdapterFactory(AdapterConfiguration(rank: 3, base: .frozen(.nf4())))),
    ("low-rank", AdapterFactory(AdapterConfiguration(rank: 3, base: .none))),
    ("packed", PackedLinearFactory(format: .affine(AffineScheme(bits: .eight)))),
    ("quantised", QuantizedLinearFactory()),
  ]

  private static func loss(_ model: Network, _ step: Int) -> Variable {
    let x = Variable(gaussian([16, 12], seed: 100 + UInt64(step)))
    return square(model(x) - Variable(gaussian([16, 7], seed: 200 + UInt64(step)))).mean()
  }

  /// In a process of its own: other tests change the instruction set that kernels use, which is the
  /// process's, and with it last bits.
  @Test(arguments: factories.map(\.name))
  func aSavedModuleLoadsAsItIs(_ name: String) async {
    await #expect(processExitsWith: .success) { [name] in
      let factory = try #require(ModuleSavingTests.factories.first { $0.name == name }).factory
      let model = Network(factory, seed: 1)
      let stepper = Stepper(
        AdamW(learningRate: .constant(0.01)), training: model, merges: .static(every: 3))
      for step in 0..<5 { _ = try stepper.step { ModuleSavingTests.loss(model, step) } }
      try withTemporaryFolder { folder in
        let path = folder + "/model.safetensors"
        try model.save(to: path)
        let other = Network(factory, seed: 2)
        #expect(
          withoutGradient {
            ModuleSavingTests.loss(other, 9).scalar != ModuleSavingTests.loss(model, 9).scalar
          })
        try other.load(from: path)
        let x = Variable(gaussian([3, 12], seed: 7))
        #expect(withoutGradient { other(x).tensor == model(x).tensor })
        // The same bytes again.
        try other.save(to: folder + "/again.safetensors")
        let (a, b) = (
          try SafetensorsFile(path: path), try SafetensorsFile(path: folder + "/again.safetensors")
        )
        #expect(a.names == b.names && a.metadata == b.metadata)
        for name in a.names { #expect(try a.bytes(named: name) == b.bytes(named: name)) }
      }
    }
  }

  @Test func parametersAloneAreNotAWholeModelAndItIsSaid() throws {
    let factory = LoQTFactory(LoQTConfiguration(rank: 4, keepsOriginalWeight: false))
    let model = Network(factory, seed: 1)
    let report = Network(factory, seed: 2).loadParameters(model.parameterTensors)
    #expect(!report.isComplete && report.missing.isEmpty && report.unexpected.isEmpty)
    #expect(report.state.contains("first.weight.codes"))
    #expect("\(report)".contains("first.weight.codes: not a parameter"))
    #expect(throws: ParameterLoadError.self) { try report.requireComplete() }
  }

  @Test func whatDoesNotFitIsNamed() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/model.safetensors"
      let dense = Network(DenseLinearFactory(), seed: 1)
      try dense.save(to: path)
      let packed = Network(LoQTFactory(LoQTConfiguration(rank: 4)), seed: 1)
      let missing = #expect(throws: TensorFileError.self) { try packed.load(from: path) }
      #expect("\(missing!)".contains("first.weight"))
      try packed.save(to: path)
      let unexpected = #expect(throws: TensorFileError.self) { try dense.load(from: path) }
      #expect(
        "\(unexpected!)".contains("first.weight") || "\(unexpected!)".contains("first.factor"))
    }
  }
}

private func gaussian(_ shape: Shape, seed: UInt64) -> Tensor<Float> {
  var source = RandomSource(seed: seed)
  return .normal(shape, using: &source)
}
