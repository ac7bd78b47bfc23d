internal import Optimizers

extension TrainingMethod {
  /// Scales each channel of the gradient by a factor that the optimizer's state in a random subspace
  /// determines (Zhu et al., arXiv 2412.05270).
  public static let apollo = TrainingMethod(
    "apollo", "APOLLO", "gradients scaled per channel by statistics in a random subspace",
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

  /// APOLLO with rank 1 and one factor per matrix; s is sqrt(128), as published.
  public static let apolloMini = TrainingMethod(
    "apollo-mini", "APOLLO-Mini", "gradients scaled per matrix by statistics in a random direction",
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
