internal import Optimizers

extension TrainingMethod {
  /// GaLore that also applies the part of the gradient outside the subspace, scaled as the inner optimizer
  /// scales the part inside (Chen et al., arXiv 2410.01673).
  public static let fira = TrainingMethod(
    "fira", "Fira", "GaLore that also applies the gradient outside the subspace",
    defaults: Defaults(scale: 0.25, mergeSchedule: .static), options: subspaceOptions
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .subspace(
        SubspaceConfiguration(
          rank: settings.rank, side: settings.side, scale: settings.scale,
          rule: .withResidual(settings.projector),
          refresh: .scheduled(settings.schedule), stateRule: settings.options.stateRule ?? .keep)),
      optimizer: settings.optimizer)
  }
}
