import Autodiff
import Layers
import LoQT
import Optimizers
import Quantization
import Stepping
import Tensors
import TestSupport
import Testing

@Suite struct LoQTTrainingTests {
  static let fixture = try! Fixture("loqt")
  static let cases = fixture.cases.filter { $0.hasPrefix("train") }

  /// Eight steps of one layer with merges at steps 0 and 4, against the NumPy reference.
  @Test(arguments: cases)
  func trainingOneLayerAgreesWithTheNumPyReference(_ name: String) throws {
    let f = Self.fixture
    func text(_ key: String) -> String { f.text(key, of: name) }
    func number(_ key: String) -> Double { f.number(key, of: name) }
    let start: Tensor<Float> = try f.tensor("W_start", of: name)
    let inputs: Tensor<Float> = try f.tensor("inputs", of: name)
    let targets: Tensor<Float> = try f.tensor("targets", of: name)
    let rates: Tensor<Float> = try f.tensor("learning_rates", of: name)
    let losses: Tensor<Float> = try f.tensor("losses", of: name)
    let steps: Tensor<Float> = try f.tensor("B_steps", of: name)
    let survival: Tensor<Float> = try f.tensor("survival", of: name)

    let configuration = LoQTConfiguration(
      rank: .count(Int(number("rank"))), scale: Float(number("scale")),
      weightFormat: weightFormat(text("weight")),
      projectionFormat: weightFormat(text("projection")),
      compensationSteps: Int(number("iterations")), projector: GradientProjector(method: .exact),
      stateRule: .init(rawValue: text("moments"))!)
    let layer = LoQTLinear(
      weight: start, configuration: configuration, random: RandomSource(seed: 0))
    let adam = AdamW(learningRate: .constant(0), epsilon: number("epsilon"))
    let optimizer = Stepper(
      adam, training: SingleLayer(layer: layer), merges: .static(every: 4))
    for step in 0..<8 {
      adam.learningRate = .constant(Double(rates.scalars[step]))
      let report = try optimizer.step {
        meanSquaredError(layer(Variable(inputs.element(at: step))), targets.element(at: step))
      }
      // Single precision against double over a few small products.
      #expect(abs(report.loss - Double(losses.scalars[step])) < 1e-5 * Double(losses.scalars[step]))
      let b = steps.element(at: step)
      #expect(
        b.norm() == 0
          ? layer.factor.tensor.norm() == 0 : relativeError(layer.factor.tensor, b) < 1e-4,
        "step \(step)")
      if step == 0 || step == 4 {
        let merge = try #require(report.merge)
        if let codes = layer.weight.codes {
          #expect(
            codes == (try f.tensor("merge\(step)_W_quantized_packed", of: name, as: UInt8.self)))
        }
        if let codes = layer.projection?.codes {
          #expect(
            codes == (try f.tensor("merge\(step)_P_quantized_packed", of: name, as: UInt8.self)))
        }
        if step == 4 {
          let expected = Double(survival.scalars.last!)
          #expect(abs(merge.survival! - expected) < 2e-3)
        }
      } else {
        #expect(report.merge == nil)
      }
    }
    let effective: Tensor<Float> = try f.tensor("final_effective", of: name)
    #expect(relativeError(layer.effectiveWeight(), effective) < 1e-5)
    let state = adam.state(of: layer.factor)
    #expect(
      relativeError(state.floats["first"]!, try f.tensor("final_first_moment", of: name)) < 1e-4)
    #expect(
      relativeError(state.floats["second"]!, try f.tensor("final_second_moment", of: name)) < 1e-4)
  }

  /// Unquantised LoQT and GaLore coincide inside an interval: P is fixed, and Adam's epsilon of B is
  /// the scale times GaLore's.
  @Test(arguments: [(24, 40), (40, 24), (32, 32)])
  func unquantisedLoQTEqualsGaLoreOverAnInterval(out: Int, input: Int) throws {
    let (rank, scale, epsilon, steps) = (6, Float(0.4), 1e-6, 12)
    let start = gaussian([out, input], seed: 1, deviation: 0.3)
    let x = gaussian([steps, 16, input], seed: 2)
    let t = gaussian([steps, 16, out], seed: 3)
    func loss(_ y: Variable, _ step: Int) -> Variable { meanSquaredError(y, t.element(at: step)) }

    let layer = LoQTLinear(
      weight: start, configuration: .unquantized(rank: .count(rank), scale: scale),
      random: RandomSource(seed: 0))
    // The gradient of B carries s, so Adam's epsilon does too.
    let loqt = Stepper(
      AdamW(learningRate: .constant(0.01), epsilon: Double(scale) * epsilon),
      training: SingleLayer(layer: layer), merges: .once)

    let weight = Parameter(start, name: "weight")
    let galore = SubspaceOptimizer(
      inner: AdamW(learningRate: .constant(0.01), epsilon: epsilon),
      configuration: SubspaceConfiguration(
        rank: .count(rank), scale: scale, refresh: .scheduled(.once)), matrices: [weight])
    for step in 0..<steps {
      _ = try loqt.step { loss(layer(Variable(x.element(at: step))), step) }
      let (_, gradients) = valueAndGradients(
        of: loss(linear(Variable(x.element(at: step)), Variable(weight)), step))
      galore.update(weight, gradients[weight]!, step: step)
      if step == 0 {
        // LoQT moves nothing at a merge step: GaLore keeps the projection it chose there, and its matrix
        // is reset.
        weight.tensor = start
        var state = galore.state(of: weight)
        state.floats["step"] = Tensor(0)
        state.floats["first"] = .zeros(layer.factor.shape)
        state.floats["second"] = .zeros(layer.factor.shape)
        try galore.restore(state, of: weight)
      }
      // Adam magnifies the rounding of P where a gradient is far below its neighbours.
      #expect(relativeError(layer.effectiveWeight(), weight.tensor) < 2e-5, "step \(step)")
    }
    #expect(relativeError(weight.tensor, start) > 1e-2)
  }
}
