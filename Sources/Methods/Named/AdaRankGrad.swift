internal import Optimizers

extension TrainingMethod {
  /// GaLore with the lowest rank that an energy threshold allows, and moments that are projected into
  /// each new subspace (Refael et al., arXiv 2410.17881).
  public static let adaRankGrad = TrainingMethod(
    "adarankgrad", "AdaRankGrad", "GaLore with the lowest rank that the gradient's energy allows",
    defaults: Defaults(scale: 0.25, mergeSchedule: .static), options: subspaceOptions
  ) { settings throws(InputError) in
    // A plain number bounds the rank from above.
    let rank: RankRule =
      if case .count(let most) = settings.rank {
        .energy(lost: 0.04, atLeast: 1, atMost: most)
      } else {
        settings.rank
      }
    return MethodPlan(
      layers: .subspace(
        SubspaceConfiguration(
          rank: rank, side: settings.side, scale: settings.scale, rule: .within(settings.projector),
          refresh: .converged(atMost: settings.gap),
          stateRule: settings.options.stateRule ?? .project)),
      optimizer: settings.optimizer)
  }
}
