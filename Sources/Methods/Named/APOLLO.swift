internal import Optimizers

extension TrainingMethod {
  /// The gradient itself with a learning rate for each channel, which the optimizer's state in a random
  /// subspace gives (Zhu et al., arXiv 2412.05270).
  public static let apollo = TrainingMethod(
    "apollo", "APOLLO", "gradients scaled by channel, as a random subspace tells",
    defaults: Defaults(scale: 1, mergeSchedule: .static),
    options: [.rank, .side, .scale, .optimizer, .mergeGap]
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .subspace(
        SubspaceConfiguration(
          rank: settings.rank, side: settings.side, scale: settings.scale,
          rule: .scaledGradient(per: .channel),
          refresh: .scheduled(settings.schedule))),
      optimizer: settings.optimizer)
  }

  /// APOLLO with one scale a matrix and rank 1; s is sqrt(128), as published.
  public static let apolloMini = TrainingMethod(
    "apollo-mini", "APOLLO-Mini", "gradients scaled by matrix, as a random direction tells",
    defaults: Defaults(scale: 11.3137, mergeSchedule: .static),
    options: [.side, .scale, .optimizer, .mergeGap]
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .subspace(
        SubspaceConfiguration(
          rank: 1, side: settings.side, scale: settings.scale, rule: .scaledGradient(per: .tensor),
          refresh: .scheduled(settings.schedule))),
      optimizer: settings.optimizer)
  }
}
