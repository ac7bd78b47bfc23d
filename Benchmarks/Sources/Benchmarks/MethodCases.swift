import Autodiff
import LanguageModels
import Layers
import LoQT
import Optimizers
import Quantization
import Stepping
import Tensors

/// Training steps of LoQT and GaLore beside those of full-rank Adam in the same program, at presets of
/// the paper, batch 4 x 256, ranks of a quarter of the hidden size.
func methodCases() -> [any BenchmarkCase] {
  [
    ordinaryStep("60m"), ordinaryStep("130m"),
    event("LoQT's projection event, C = 5, 60m", .preset("60m")!, reach: 1.25) {
      (LoQTFactory(LoQTConfiguration(rank: .count(128), scale: 0.4)), nil)
    },
    event("LoQT's projection event, C = 5, 2 of 24 blocks of 1b", .twoBlocksOf1B, reach: 3) {
      (LoQTFactory(LoQTConfiguration(rank: .count(512), scale: 0.4)), nil)
    },
    event("GaLore's refresh, 60m", .preset("60m")!, reach: 1) {
      (
        DenseLinearFactory(),
        SubspaceConfiguration(rank: .count(128), refresh: .scheduled(.static(every: 2)))
      )
    },
  ]
}

extension LlamaConfiguration {
  /// Two blocks of preset 1b, and the same share of its embedding and head: a step of all 24 takes
  /// most of a minute.
  fileprivate static var twoBlocksOf1B: LlamaConfiguration {
    var configuration = LlamaConfiguration.preset("1b")!
    configuration.layers = 2
    configuration.vocabularySize = 32_000 * 2 / 24
    return configuration
  }
}

/// A model and what trains it; each call takes one step.
private final class Run {
  let optimizer: Stepper
  private let model: Llama
  private let tokens: Tensor<Int32>

  init(
    _ configuration: LlamaConfiguration, _ factory: any LinearFactory,
    _ subspace: SubspaceConfiguration? = nil, merges: MergeSchedule
  ) {
    model = Llama(configuration, using: LayerBuilder(factory, seed: 1))
    var random = RandomSource(seed: 2)
    tokens = .integers([4, 256], in: 0..<Int32(configuration.vocabularySize), using: &random)
    var adam: any Optimizer = AdamW(learningRate: .constant(1e-3))
    if let subspace {
      adam = SubspaceOptimizer(
        inner: adam, configuration: subspace,
        matrices: model.blocks.flatMap { $0.modules(ofType: Linear.self).map(\.module.weight) })
    }
    optimizer = Stepper(adam, training: model, merges: merges)
    optimizer.measuresLossAfterMerge = false
  }

  func step() {
    _ = try! optimizer.step { model.loss(tokens: tokens, labels: tokens) }
  }
}

private func ordinaryStep(_ preset: String) -> any BenchmarkCase {
  Comparison(
    "methods", "LoQT's ordinary step, \(preset)", unit: runs, work: 1, rival: "full-rank step",
    reach: 1
  ) {
    let model = LlamaConfiguration.preset(preset)!
    let loqt = Run(
      model,
      LoQTFactory(LoQTConfiguration(rank: .count(model.hiddenSize / 4), scale: 0.4)),
      merges: .once)
    loqt.step()
    let full = Run(model, DenseLinearFactory(), merges: .never)
    return (loqt.step, full.step)
  }
}

/// How much longer every second step, which renews the projections, takes than the others.
private func event(
  _ name: String, _ model: LlamaConfiguration, reach: Double,
  _ method: @escaping () -> (any LinearFactory, SubspaceConfiguration?)
) -> any BenchmarkCase {
  Figure(group: "methods", name: name, unit: "ordinary steps", rival: "bound", reach: 1) {
    let (factory, subspace) = method()
    let run = Run(model, factory, subspace, merges: .static(every: 2))
    run.step()
    run.step()
    let clock = ContinuousClock()
    var best = (event: Double.infinity, ordinary: Double.infinity)
    for _ in 0..<3 {
      best.event = min(best.event, clock.measure(run.step) / .seconds(1))
      best.ordinary = min(best.ordinary, clock.measure(run.step) / .seconds(1))
    }
    return ((best.event - best.ordinary) / best.ordinary, reach)
  }
}
