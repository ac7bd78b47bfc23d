internal import Optimizers

extension TrainingMethod {
  /// GaLore whose rank is as low as an energy threshold allows, and whose moments follow the subspace
  /// (Refael et al., arXiv 2410.17881).
  public static let adaRankGrad = TrainingMethod(
    "adarankgrad", "AdaRankGrad", "GaLore with as low a rank as the gradient's energy allows",
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
