internal import Autodiff
internal import LanguageModels
internal import Layers
internal import LoQT
internal import Optimizers
internal import Tensors

extension TrainingConfiguration {
  /// The learning rate at each step: after a merge of adapters it rises again.
  var learningRateSchedule: LearningRateSchedule {
    let schedule = LearningRateSchedule.cosine(peak: learningRate, steps: steps)
    guard case .adapter(_, let merges) = plan.layers else { return schedule }
    let restarts = merges.mergeSteps(below: steps, sparingTail: true).dropFirst()
    return schedule.restarting(at: Array(restarts), warmup: max(1, (merges.gap ?? 0) / 10))
  }

  /// What moves the parameters of a model, and GaLore within it where the plan has one.
  func makeOptimizer(for model: Llama) -> (optimizer: any Optimizer, galore: GaLore?) {
    let rate = learningRateSchedule
    let linear = model.blocks.flatMap { block in
      block.modules(ofType: (any LinearLayer).self).flatMap(\.module.parameters)
    }
    let rest = plan.restOptimizer.makeOptimizer(learningRate: rate)
    if case .subspace(let rank, let scale, let gap) = plan.layers {
      let galore = GaLore(
        inner: AdamW(learningRate: rate), rank: rank.largest(out: .max, in: .max), scale: scale,
        every: gap, matrices: linear, random: RandomSource(seed: seed).split("galore"))
      return (galore, galore)
    }
    let inner = plan.optimizer.makeOptimizer(learningRate: rate)
    return (GroupedOptimizer([(inner, linear)], rest: rest), nil)
  }
}
