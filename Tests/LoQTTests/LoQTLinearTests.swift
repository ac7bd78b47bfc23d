import Autodiff
import Layers
import LoQT
import Optimizers
import Quantization
import Stepping
import TestSupport
import Tensors
import Testing

@Suite struct LoQTLinearTests {
  /// Left side, right side, square.
  static let shapes = [(9, 6), (6, 9), (7, 7)]

  private func layer(
    _ out: Int, _ input: Int, _ configuration: LoQTConfiguration = LoQTConfiguration(rank: 3)
  ) -> LoQTLinear {
    LoQTLinear(
      weight: gaussian([out, input], seed: 1), bias: gaussian([out], seed: 2),
      configuration: configuration, random: RandomSource(seed: 3))
  }

  /// Chooses P from random data, and moves B away from its compensated value.
  private func initialize(_ layer: LoQTLinear) throws {
    let optimizer = Stepper(
      AdamW(learningRate: .constant(0.05)), training: SingleLayer(layer: layer), merges: .once)
    for seed in 0..<3 as Range<UInt64> {
      _ = try optimizer.step {
        meanSquaredError(
          layer(Variable(gaussian([16, layer.inputSize], seed: 10 + seed))),
          gaussian([16, layer.outputSize], seed: 20 + seed))
      }
    }
  }

  private func checkGradients(of layer: LoQTLinear) -> GradientCheck {
    let x = Parameter(gaussian([2, 3, layer.inputSize], seed: 30), name: "x")
    let weights = Variable(gaussian([2, 3, layer.outputSize], seed: 31))
    layer.nameParameters()
    return Autodiff.checkGradients(of: [x, layer.factor, layer.bias!]) {
      (square(layer(Variable(x))) * weights).sum()
    }
  }

  @Test(arguments: shapes, [WeightFormat.nf4(), .float32])
  func gradientsAreThoseOfCentralDifferences(_ shape: (Int, Int), _ format: WeightFormat) throws {
    let layer = layer(
      shape.0, shape.1,
      LoQTConfiguration(rank: 3, weightFormat: format, projectionFormat: format))
    // Before the first merge B does not affect the output and has no gradient.
    #expect(checkGradients(of: layer).passed)
    try initialize(layer)
    #expect(layer.projection?.format == format && layer.weight.format == format)
    #expect(layer.factor.tensor.norm() > 0)
    let report = checkGradients(of: layer)
    let count = 6 * shape.1 + layer.factor.shape.elementCount + shape.0
    #expect(report.passed && report.comparisons == count, "\(report.failures.prefix(3))")
  }

  @Test(arguments: shapes)
  func multipliesWithItsEffectiveWeight(out: Int, input: Int) throws {
    let layer = layer(out, input)
    let x = gaussian([2, 5, input], seed: 4)
    func expectProduct() {
      let expected = matmul(x, layer.effectiveWeight().transposed()) + layer.bias!.tensor
      // A few products in float32, in another order.
      #expect(relativeError(layer(Variable(x)).tensor, expected) < 1e-6)
    }
    expectProduct()
    #expect(layer.effectiveWeight() == gaussian([out, input], seed: 1))
    try initialize(layer)
    expectProduct()
  }

  @Test(arguments: shapes)
  func factorsAreTheInputAndTheGradientOfTheOutput(out: Int, input: Int) throws {
    let layer = layer(out, input)
    try initialize(layer)
    layer.handle.isGradientRequested = true
    let (x, d) = (gaussian([2, 3, input], seed: 5), gaussian([2, 3, out], seed: 6))
    var pairs: [(x: Tensor<Float>, d: Tensor<Float>)] = []
    try backward(from: layer(Variable(x)), seed: .float(d)) { event in
      if case .factors(_, let factors) = event { pairs += factors.pairs }
    }
    try #require(pairs.count == 1)
    #expect(pairs[0].x == x.reshaped(to: [6, input]))
    #expect(pairs[0].d == d.reshaped(to: [6, out]))
  }

  @Test(arguments: [(9, 4), (4, 9)])
  func rankAboveTheSmallerSideIsClampedToIt(out: Int, input: Int) throws {
    let layer = layer(out, input, LoQTConfiguration(rank: 100, projectionFormat: .float32))
    #expect(layer.rank == 4)
    try initialize(layer)
    #expect(layer.projection?.shape == [4, 4])
    // Four dot products in float32.
    #expect(orthonormalityError(layer.basis!) < 1e-5)
  }

  @Test func theOriginalWeightIsHeldInFullUntilTheFirstMergeUnlessToldOtherwise() throws {
    let kept = layer(9, 6)
    #expect(kept.byteCounts.weight == 4 * 54 && kept.byteCounts.projection == 0)
    try initialize(kept)
    #expect(kept.byteCounts.weight == WeightFormat.nf4().byteCount(shape: [54]))
    let quantised = layer(9, 6, LoQTConfiguration(rank: 3, keepsOriginalWeight: false))
    let codes = quantised.weight.parts
    #expect(quantised.weight.format == .nf4())
    try initialize(quantised)
    // Nothing is left to compensate, so the codes and scales stay.
    #expect(quantised.weight.parts == codes)
  }

  @Test func membersAreThePartsOfItsMatricesAndItsParameters() throws {
    let layer = layer(9, 6)
    #expect(layer.namedParameters().map(\.name) == ["factor", "bias"])
    try initialize(layer)
    var bytes = 0
    var names: [String] = []
    layer.walk { name, content in
      guard case .state(let tensor) = content else { return }
      names.append(name)
      bytes += tensor.byteCount
    }
    #expect(names.contains("weight.codes") && names.contains("projection.codes"))
    #expect(bytes == layer.byteCounts.weight + layer.byteCounts.projection)
  }

  @Test func factoryMakesLayersThatStartAtTheMatrixOfTheDenseModel() throws {
    let made = LayerBuilder.loqt(rank: 4, scale: 0.25, seed: 9)(8, 6, bias: true)
    let layer = try #require(made as? LoQTLinear)
    #expect(layer.effectiveWeight() == LayerBuilder.dense(seed: 9)(8, 6).effectiveWeight())
    #expect(layer.configuration.scale == 0.25 && layer.rank == 4 && layer.bias?.shape == [6])
  }
}
