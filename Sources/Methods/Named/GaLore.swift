internal import Optimizers
internal import Quantization

extension TrainingMethod {
  /// Runs the inner optimizer in the leading subspace of each gradient (Zhao et al., arXiv 2403.03507).
  public static let galore = TrainingMethod(
    "galore", "GaLore", "dense matrices, updated within the leading subspace of their gradients",
    defaults: Defaults(scale: 0.25, mergeSchedule: .static),
    options: subspaceOptions.union([
      .mergeSchedule, .mergeGrowth, .merges, .longestGap, .weightFormat, .projectionFormat,
    ])
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .subspace(
        SubspaceConfiguration(
          rank: settings.rank, side: settings.side, scale: settings.scale,
          rule: .within(settings.projector),
          refresh: .scheduled(settings.schedule), stateRule: settings.options.stateRule ?? .keep,
          projectionFormat: settings.options.projectionFormat ?? .float32),
        packed: settings.packing),
      optimizer: settings.optimizer)
  }

  /// The options of all methods that work in a subspace of the gradient.
  static let subspaceOptions: Set<MethodOptions.Name> = [
    .rank, .side, .scale, .optimizer, .mergeGap, .projector, .stateRule,
  ]
}
