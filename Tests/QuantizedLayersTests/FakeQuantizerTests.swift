import Autodiff
import Layers
import Quantization
import QuantizedLayers
import TestSupport
import Tensors
import Testing

@Suite struct FakeQuantizerTests {
  private func gaussian(_ shape: Shape, seed: UInt64) -> Tensor<Float> {
    var source = RandomSource(seed: seed)
    return .normal(shape, using: &source)
  }

  /// y, dx and dstep of a quantiser for a gradient d.
  private func run(
    _ quantizer: FakeQuantizer, _ x: Tensor<Float>, _ d: Tensor<Float>
  ) -> (y: Tensor<Float>, dx: Tensor<Float>, dstep: Float?) {
    let parameter = Parameter(x)
    let y = quantizer(Variable(parameter))
    let gradients = valueAndGradients(of: (y * Variable(d)).sum()).gradients
    return (y.tensor, gradients[parameter]!, quantizer.step.map { gradients[$0]!.scalar })
  }

  @Test func valuesAndGradientsAreThoseOfThePapersInPyTorch() throws {
    let fixture = try Fixture("fake_quantization")
    #expect(fixture.cases.count == 16)
    for name in fixture.cases {
      let bits = Int(fixture.number("bits", of: name))
      let method: FakeQuantization =
        name.hasPrefix("lsq_signed")
        ? .learnedStep(bits: bits)
        : name.hasPrefix("lsq_unsigned")
          ? .learnedStep(bits: bits, isSigned: false)
          : name.hasPrefix("dorefa_weights")
            ? .doReFaWeights(bits: bits) : .doReFaActivations(bits: bits)
      let x = try fixture.tensor("x", of: name)
      let quantizer = FakeQuantizer(method, for: x)
      if fixture.hasTensor("step", of: name) {
        quantizer.step?.tensor = try fixture.tensor("step", of: name).reshaped(to: [])
      }
      let result = run(quantizer, x, try fixture.tensor("d", of: name))
      // Single against double precision, a few operations per element.
      #expect(try maxDifference(result.y, fixture.tensor("y", of: name)) < 2e-6, "\(name)")
      #expect(try maxDifference(result.dx, fixture.tensor("dx", of: name)) < 2e-6, "\(name)")
      if let dstep = result.dstep {
        let expected = try fixture.tensor("dstep", of: name).scalar
        // A sum of 66 terms that cancel.
        #expect(abs(dstep - expected) < 1e-4 * max(1, abs(expected)), "\(name)")
      }
    }
  }

  @Test(
    arguments: [AffineScheme.Bits.four, .eight], [AffineScheme.Symmetry.symmetric, .asymmetric])
  func uniformValuesAreThoseOfThePackedFormat(
    bits: AffineScheme.Bits, symmetry: AffineScheme.Symmetry
  ) {
    let x = gaussian([6, 32], seed: 1) + 0.3
    let d = gaussian([6, 32], seed: 2)
    for grouping: AffineScheme.Grouping in [.tensor, .row, .column, .group(8)] {
      let scheme = AffineScheme(bits: bits, symmetry: symmetry, grouping: grouping)
      let quantizer = FakeQuantizer(
        .uniform(bits: bits.rawValue, symmetry: symmetry, grouping: grouping), for: x)
      let result = run(quantizer, x, d)
      #expect(result.y == AffineTensor(quantizing: x, as: scheme).dequantized(), "\(grouping)")
      #expect(result.dx == d && quantizer.step == nil)
    }
  }

  @Test(arguments: 1...8)
  func uniformNumbersHaveAsManyLevelsAsTheBitsAndAreOffByHalfOne(bits: Int) {
    let x = gaussian([1, 4096], seed: 1)
    for symmetry in AffineScheme.Symmetry.allCases where bits > 1 || symmetry == .asymmetric {
      let quantizer = FakeQuantizer(.uniform(bits: bits, symmetry: symmetry), for: x)
      let y = quantizer(Variable(x)).tensor
      let levels = Set(y.scalars)
      #expect(levels.count <= 1 << bits && levels.count > 1)
      let range =
        symmetry == .symmetric ? 2 * abs(x).maximum() : x.maximum() - x.minimum()
      let step = range / Float((1 << bits) - (symmetry == .symmetric ? 2 : 1))
      // The zero of asymmetric levels is a whole number of steps, off by half a step at most.
      let bound = symmetry == .symmetric ? 0.501 * step : 1.001 * step
      #expect(maxDifference(x, y) <= Double(bound))
    }
  }

  @Test func ternaryNumbersAreThoseOfTheDefinition() {
    let x = Tensor<Float>(rows: [[1, -1, 0.1, 2], [0, 0, 0, 0], [3, -3, 3, -3]])
    let result = run(FakeQuantizer(.ternary(), for: x), x, .ones([3, 4]))
    // The mean of 4.1 / 4, times 0.7, leaves three.
    let a: Float = 4.0 / 3
    #expect(maxDifference(result.y.sliced(0..<1), Tensor(rows: [[a, -a, 0, a]])) < 1e-6)
    #expect(result.y.sliced(1..<3) == Tensor(rows: [[0, 0, 0, 0], [3, -3, 3, -3]]))
    #expect(result.dx == .ones([3, 4]))
  }

  @Test func binaryNumbersAreTheMeanMagnitudeWithTheirSign() {
    let x = Tensor<Float>(rows: [[1, -2, 0, 5], [-0.5, -0.5, 0.5, 0.5]])
    let rows = run(FakeQuantizer(.binary(), for: x), x, .ones([2, 4]))
    #expect(rows.y == Tensor(rows: [[2, -2, 2, 2], [-0.5, -0.5, 0.5, 0.5]]))
    #expect(rows.dx == .ones([2, 4]))
    let whole = FakeQuantizer(.binary(grouping: .tensor), for: x)(Variable(x)).tensor
    #expect(Set(whole.scalars) == [1.25, -1.25])
  }

  @Test func aLearnedStepStartsAsThePaperSays() {
    let x = gaussian([100, 100], seed: 3)
    let step = FakeQuantizer(.learnedStep(bits: 4), for: x).step!.tensor.scalar
    // 2 mean |x| / sqrt 7; the mean of normal numbers' magnitudes is sqrt(2 / pi).
    #expect(abs(step - 0.6031) < 0.01)
    #expect(FakeQuantizer(.learnedStep(bits: 4), for: .zeros([4])).step!.tensor.scalar > 0)
  }

  @Test func emptyAndZeroTensorsPass() {
    for method: FakeQuantization in [
      .uniform(bits: 4), .uniform(bits: 1, symmetry: .asymmetric), .ternary(), .binary(),
      .doReFaWeights(bits: 2), .doReFaActivations(bits: 2), .learnedStep(bits: 3),
    ] {
      for shape: Shape in [[0, 4], [3, 4]] {
        let x = Tensor<Float>.zeros(shape)
        let y = FakeQuantizer(method, for: x)(Variable(x)).tensor
        #expect(y.shape == shape && y.allFinite)
        // An even number of weight levels has none at 0.
        if method != .doReFaWeights(bits: 2) { #expect(abs(y).sum() == 0) }
      }
    }
  }

  static let layers: [(FakeQuantization, FakeQuantization?)] = [
    (.uniform(bits: 4), nil), (.uniform(bits: 8), .uniform(bits: 8, symmetry: .asymmetric)),
    (.ternary(), nil), (.doReFaWeights(bits: 2), nil),
    (.learnedStep(bits: 3), .learnedStep(bits: 4)),
  ]

  // Without binary weights: at the rate of the others, too many signs flip at once.
  @Test(arguments: layers)
  func aLayerMultipliesQuantisedNumbersAndTrains(
    weights: FakeQuantization, inputs: FakeQuantization?
  ) {
    let builder = LayerBuilder(
      FakeQuantizedLinearFactory(weights: weights, inputs: inputs), seed: 5)
    guard let layer = builder(8, 4, bias: true) as? FakeQuantizedLinear else {
      Issue.record("another layer")
      return
    }
    let x = gaussian([64, 8], seed: 6)
    let quantized = layer.inputQuantizer.map { $0(Variable(x)).tensor } ?? x
    let expected =
      matmul(quantized, layer.effectiveWeight().transposed()) + layer.bias!.tensor
    // The same products, summed in a different order.
    #expect(maxDifference(layer(Variable(x)).tensor, expected) < 1e-5)

    let target = matmul(x, gaussian([8, 4], seed: 7)) * 0.3
    var losses: [Double] = []
    for _ in 0..<60 {
      let error = layer(Variable(x)) - Variable(target)
      let (loss, gradients) = valueAndGradients(of: square(error).sum())
      losses.append(loss)
      for parameter in layer.parameters {
        parameter.tensor -= gradients[parameter]! * 1e-3
      }
    }
    #expect(losses.last! < 0.85 * losses[0], "\(weights): \(losses[0]) to \(losses.last!)")
    let names = layer.namedParameters().map(\.name)
    #expect(names.contains("weight") && names.contains("bias"))
    #expect(
      names.contains("weightQuantizer.step")
        == (weights == .learnedStep(bits: 3)))
  }
}
