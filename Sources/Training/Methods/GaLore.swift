extension TrainingMethod {
  /// Adam in the leading subspace of each gradient (Zhao et al., arXiv 2403.03507).
  public static let galore = TrainingMethod(
    "galore", "GaLore", "dense matrices, moved within the leading subspace of their gradients",
    defaults: Defaults(scale: 0.25, mergeSchedule: .static),
    options: [.rank, .scale, .optimizer, .mergeGap]
  ) { settings in
    MethodPlan(
      layers: .subspace(rank: settings.rank, scale: settings.scale, every: settings.gap),
      optimizer: settings.optimizer)
  }
}
