internal import Autodiff
internal import LanguageModels
package import Layers
internal import LoQT
package import Optimizers
internal import QuantizedLayers
internal import Stepping
internal import Tensors

extension TrainingConfiguration {
  /// The learning rate at each step; it warms up again after a merge of adapters.
  var learningRateSchedule: LearningRateSchedule {
    plan.layers.learningRate(schedule(peak: learningRate, steps: steps), steps: steps)
  }

  /// The optimizer of a model's parameters, with those of its chosen linear layers in a group of their
  /// own, and the part of it that holds projections.
  package func makeOptimizer(for module: some Module)
    -> (optimizer: any Optimizer, subspaces: SubspaceOptimizer?)
  {
    let rate = learningRateSchedule
    let rest = plan.restOptimizer.makeOptimizer(learningRate: rate)
    let inner = plan.optimizer.makeOptimizer(learningRate: rate)
    let layers =
      module.modules(ofType: (any LinearLayer).self)
      .filter { model.linearName(ofLayer: $0.name).map(plan.isChosen) ?? false }
      .flatMap { $0.module.parameters }
    // Packed matrices have parameters that stand for them, without elements between updates.
    let standIns = module.modules(ofType: (any StepParticipant).self)
      .flatMap(\.module.standInParameters)
    // Biases have no subspace; the optimizer moves them as they are.
    let moving = plan.layers.optimizer(
      of: layers.filter { $0.shape.rank == 2 } + standIns, using: inner,
      random: RandomSource(seed: seed).split("galore"))
    let factor = plan.restLearningRate.map { $0 / learningRate } ?? 1
    return (
      GroupedOptimizer([(moving, layers + standIns)], rest: rest, restFactor: factor),
      moving as? SubspaceOptimizer
    )
  }
}
