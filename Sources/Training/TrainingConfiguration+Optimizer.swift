internal import Autodiff
package import LanguageModels
internal import Layers
internal import LoQT
package import Optimizers
internal import QuantizedLayers
internal import Stepping
internal import Tensors

extension TrainingConfiguration {
  /// The learning rate at each step: after a merge of adapters it rises again.
  var learningRateSchedule: LearningRateSchedule {
    let schedule = LearningRateSchedule.cosine(peak: learningRate, steps: steps)
    guard case .adapter(_, let merges) = plan.layers else { return schedule }
    let restarts = merges.mergeSteps(below: steps, sparingTail: true).dropFirst()
    return schedule.restarting(at: Array(restarts), warmup: max(1, (merges.gap ?? 0) / 10))
  }

  /// What moves the parameters of a model, and the part of it that holds projections.
  package func makeOptimizer(for model: Llama)
    -> (optimizer: any Optimizer, subspaces: SubspaceOptimizer?)
  {
    let rate = learningRateSchedule
    let rest = plan.restOptimizer.makeOptimizer(learningRate: rate)
    var inner = plan.optimizer.makeOptimizer(learningRate: rate)
    // The matrices; packed ones have parameters that stand for them.
    let linear = model.blocks.flatMap { block in
      block.modules(ofType: (any LinearLayer).self)
        .filter { plan.isChosen($0.name.split(separator: ".").last ?? "") }
        .flatMap { $0.module.parameters }
        + block.modules(ofType: PackedLinear.self).map(\.module.parameter)
    }
    var subspaces: SubspaceOptimizer?
    if case .subspace(let configuration, _) = plan.layers {
      subspaces = SubspaceOptimizer(
        inner: inner, configuration: configuration, matrices: linear,
        random: RandomSource(seed: seed).split("galore"))
      inner = subspaces!
    }
    let factor = plan.restLearningRate.map { $0 / learningRate } ?? 1
    return (GroupedOptimizer([(inner, linear)], rest: rest, restFactor: factor), subspaces)
  }
}
