import Adapters
import Autodiff
import Layers
import LoQT
import Optimizers
import Quantization
import QuantizedLayers
import Stepping
import TensorFiles
import TestSupport
import Tensors
import Testing

/// Ten steps of one layer by every method except LoQT, against the papers' formulas in NumPy.
@Suite struct MethodFormulaTests {
  static let fixture = try! Fixture("methods")
  static let cases = fixture.cases.filter { !$0.hasPrefix("problem") }

  /// A module with a single layer.
  private struct Single: Module {
    let linear: any LinearLayer
    var members: [ModuleMember] { [ModuleMember("linear", linear)] }
  }

  @Test(arguments: cases)
  func tenStepsAgreeWithTheFormulasInNumPy(_ name: String) throws {
    let f = Self.fixture
    let problem = f.text("problem", of: name)
    let start: Tensor<Float> = try f.tensor("start", of: problem)
    let inputs: Tensor<Float> = try f.tensor("inputs", of: problem)
    let targets: Tensor<Float> = try f.tensor("targets", of: problem)
    let expected: Tensor<Float> = try f.tensor("effective", of: name)
    let ranks: [Int]? =
      f.hasTensor("ranks", of: name)
      ? try f.tensor("ranks", of: name, as: Int32.self).scalars.map { Int($0) } : nil

    let (layer, merges) = try layer(name, start)
    let model = Single(linear: layer)
    var optimizer: any Optimizer = AdamW(learningRate: .constant(f.number("rate", of: name)))
    var subspaces: SubspaceOptimizer?
    if let configuration = subspace(name), let linear = layer as? Linear {
      subspaces = SubspaceOptimizer(
        inner: optimizer, configuration: configuration, matrices: [linear.weight],
        random: RandomSource(seed: 0))
      optimizer = subspaces!
    }
    let run = Stepper(optimizer, training: model, merges: merges)
    // Projections split the random numbers by the name.
    (layer as? Linear)?.weight.name = "weight"
    for step in 0..<10 {
      let report = try run.step {
        meanSquaredError(layer(Variable(inputs.element(at: step))), targets.element(at: step))
      }
      #expect((report.merge != nil) == (name.hasPrefix("relora") && step > 0 && step % 4 == 0))
      // Single precision against double over a few small products; Adam magnifies the rounding of values
      // far below their neighbours.
      let error = relativeError(layer.effectiveWeight(), expected.element(at: step))
      #expect(error < 1e-5, "step \(step)")
      if let ranks, let linear = layer as? Linear {
        #expect(subspaces?.rank(of: linear.weight) == ranks[step], "step \(step)")
      }
    }
  }

  private func layer(_ name: String, _ start: Tensor<Float>) throws
    -> (any LinearLayer, MergeSchedule)
  {
    let f = Self.fixture
    let format: WeightFormat = f.text("format", of: name) == "nf4_double" ? .nf4() : .float32
    let base: AdapterConfiguration.Base
    switch f.text("kind", of: name) {
    case "none": base = .none
    case "frozen": base = .frozen(format)
    case "alternating": base = .alternating(format, steps: Int(f.number("rounds", of: name)))
    case "merged": base = .merged(format, pruning: 0.5)
    default: return (Linear(weight: start), .never)
    }
    let layer = AdapterLinear(
      weight: start,
      configuration: AdapterConfiguration(
        rank: .count(Int(f.number("rank", of: name))), scale: Float(f.number("scale", of: name)),
        base: base), random: RandomSource(seed: 0))
    return (layer, .static(every: 4))
  }

  private func subspace(_ name: String) -> SubspaceConfiguration? {
    let f = Self.fixture
    let exact = GradientProjector(method: .exact)
    let rule: SubspaceConfiguration.Rule
    switch f.text("rule", of: name) {
    case "within": rule = .within(exact)
    case "residual": rule = .withResidual(exact)
    case "scaled":
      rule = .scaledGradient(per: .init(rawValue: f.text("granularity", of: name))!)
    default: return nil
    }
    var configuration = SubspaceConfiguration(
      rank: .count(Int(f.number("rank", of: name))), scale: Float(f.number("scale", of: name)),
      rule: rule, refresh: .scheduled(.static(every: 4)))
    switch f.text("method", of: name) {
    case "adarankgrad":
      configuration.rank = .energy(
        lost: f.number("lost", of: name), atLeast: 1, atMost: Int(f.number("rank", of: name)))
      configuration.refresh = .converged(below: 0.9, atMost: 4)
      configuration.stateRule = .project
    case "lazy-int4":
      configuration.refresh = .lazy(every: 2)
      configuration.projectionFormat = .affine(
        AffineScheme(bits: .four, symmetry: .asymmetric, grouping: .row))
    default: break
    }
    return configuration
  }
}
