import Autodiff
import Layers
import Quantization
import QuantizedLayers
import TestSupport
import Tensors
import Testing

@Suite struct QuantizedLinearTests {
  static let formats: [WeightFormat] = [
    .float32, .nf4(), .nf4(doubleQuantized: false), .nf4(blockSize: 32),
  ]

  private func gaussian(_ shape: Shape, seed: UInt64) -> Tensor<Float> {
    var source = RandomSource(seed: seed)
    return .normal(shape, using: &source)
  }

  private func layer(_ format: WeightFormat, out: Int = 5, in input: Int = 7, bias: Bool = true)
    -> QuantizedLinear
  {
    QuantizedLinear(
      weight: StoredMatrix(storing: gaussian([out, input], seed: 1), as: format),
      bias: bias ? gaussian([out], seed: 2) : nil)
  }

  @Test(arguments: formats)
  func multipliesWithTheDequantisedMatrix(_ format: WeightFormat) {
    let layer = layer(format)
    let x = gaussian([2, 3, 7], seed: 3)
    let expected = matmul(x, layer.weight.dequantized().transposed()) + layer.bias!.tensor
    let y = layer(Variable(x))
    #expect(y.shape == [2, 3, 5])
    // Sums of seven products in float32, in a different order.
    #expect(relativeError(y.tensor, expected) < 1e-6)
    #expect(layer.effectiveWeight() == layer.weight.dequantized())
    #expect((layer.inputSize, layer.outputSize) == (7, 5))
  }

  @Test(arguments: formats)
  func gradientForTheInputAndTheBiasIsThatOfCentralDifferences(_ format: WeightFormat) {
    let layer = layer(format)
    let x = Parameter(gaussian([2, 3, 7], seed: 3), name: "x")
    let weights = Variable(gaussian([2, 3, 5], seed: 4))
    let report = checkGradients(of: [x, layer.bias!]) {
      (square(layer(Variable(x))) * weights).sum()
    }
    #expect(report.passed && report.comparisons == 42 + 5, "\(report.failures.prefix(3))")
  }

  @Test(arguments: formats)
  func factorsAreTheInputAndTheGradientOfTheOutput(_ format: WeightFormat) throws {
    let layer = layer(format)
    layer.handle.isGradientRequested = true
    let x = gaussian([2, 3, 7], seed: 3)
    let d = gaussian([2, 3, 5], seed: 4)
    var factors: [FactoredGradient] = []
    var dense: [String: Tensor<Float>] = [:]
    layer.nameParameters()
    try backward(from: layer(Variable(x)), seed: .float(d)) { event in
      switch event {
      case .factors(let handle, let gradient):
        #expect(handle === layer.handle)
        factors.append(gradient)
      case .dense(let parameter, let gradient): dense[parameter.name] = gradient.float
      }
    }
    try #require(factors.count == 1 && factors[0].pairs.count == 1)
    #expect(factors[0].x == x.reshaped(to: [6, 7]))
    #expect(factors[0].d == d.reshaped(to: [6, 5]))
    #expect(dense.keys.sorted() == ["bias"])
    // Sums of six numbers.
    #expect(relativeError(dense["bias"]!, d.sum(squeezingAxes: [0, 1])) < 1e-6)
  }

  @Test func factorsOfTwoUsesAreHandedOverTogetherAndGiveTheDenseGradient() throws {
    let layer = layer(.nf4(), bias: false)
    layer.handle.isGradientRequested = true
    let (x1, x2) = (gaussian([4, 7], seed: 3), gaussian([2, 7], seed: 4))
    let target = gaussian([4, 5], seed: 5)
    func loss(_ apply: (Variable) -> Variable) -> Variable {
      square(apply(Variable(x1)) - Variable(target)).sum() + square(apply(Variable(x2))).sum()
    }
    var gradients: [FactoredGradient] = []
    try backward(from: loss { layer($0) }) { event in
      if case .factors(_, let gradient) = event { gradients.append(gradient) }
    }
    try #require(gradients.count == 1 && gradients[0].pairs.count == 2)
    let dense = Parameter(layer.effectiveWeight())
    let expected = valueAndGradients(of: loss { linear($0, Variable(dense)) }).gradients[dense]!
    let gradient = matmul(gradients[0].d.transposed(), gradients[0].x)
    // Products in float32, in a different order.
    #expect(relativeError(gradient, expected) < 1e-6)
  }

  @Test func nothingIsHandedOverUnasked() throws {
    let layer = layer(.nf4())
    let x = Parameter(gaussian([3, 7], seed: 3))
    var seen = 0
    try backward(from: layer(Variable(x)).sum()) { event in
      if case .factors = event { Issue.record("factors although not requested") }
      seen += 1
    }
    #expect(seen == 2)
  }

  @Test func withoutAnyGradientWantedNothingIsRecorded() {
    let layer = layer(.nf4(), bias: false)
    #expect(!layer(Variable(gaussian([3, 7], seed: 3))).needsGradient)
  }

  @Test func biasIsTheOnlyParameterAndTheMatrixIsState() {
    let layer = layer(.nf4())
    #expect(layer.namedParameters().map(\.name) == ["bias"])
    var states: [String: Int] = [:]
    layer.walk { name, content in
      if case .state(let tensor) = content { states[name] = tensor.byteCount }
    }
    #expect(states.keys.allSatisfy { $0.hasPrefix("weight.") })
    #expect(states.values.reduce(0, +) == layer.weight.byteCount)
  }

  @Test func factoryQuantisesTheMatrixItIsGiven() throws {
    let builder = LayerBuilder(QuantizedLinearFactory(format: .nf4()), seed: 3)
    let made = builder(7, 5, bias: true) as? QuantizedLinear
    let layer = try #require(made)
    let dense = LayerBuilder.dense(seed: 3)(7, 5)
    #expect(layer.weight.format == .nf4())
    let expected = StoredMatrix(storing: dense.effectiveWeight(), as: .nf4())
    #expect(layer.weight.parts == expected.parts)
    #expect(layer.bias?.shape == [5])
  }

  @Test func countsAndSummaryHaveTheMatrixAmongWhatIsFrozen() {
    let model = Sequential(layer(.nf4(), out: 64, in: 64), RMSNorm(64))
    let counts = model.parameterCounts
    #expect(counts.frozen == 64 * 64)
    #expect(counts.trainable == 64 + 64)
    // Half a byte per element, an 8-bit scale for 64 of them, and a little for the scales' scales.
    #expect((2048 + 64..<2048 + 64 + 64).contains(counts.stateBytes))
    #expect(counts.byteCount == counts.stateBytes + 4 * 128)
    let lines = model.summary().split(separator: "\n")
    let matrix = lines.filter { $0.hasSuffix("frozen matrix") }
    #expect(
      matrix.count == 1 && matrix.allSatisfy { $0.contains("[64, 64]") && $0.contains("4,096") })
    #expect(lines.last?.contains("trainable 128, frozen 4,096, total 4,224 elements") == true)
  }
}
