internal import LoQT
internal import Optimizers
internal import Quantization

extension TrainingMethod {
  /// LoQT: packed 4-bit matrices, low-rank updates that are merged (Loeschcke et al., arXiv 2405.16528).
  public static let loqt = TrainingMethod(
    "loqt", "LoQT", "4-bit matrices with low-rank updates that are merged",
    defaults: Defaults(scale: 0.5), options: shared.union([.weightFormat, .compensation])
  ) { settings in
    MethodPlan(
      layers: .loqt(
        LoQTConfiguration(
          rank: settings.rank, scale: settings.scale,
          weightFormat: settings.weightFormat ?? .nf4(),
          compensationSteps: settings.compensation), settings.schedule),
      optimizer: settings.optimizer)
  }

  private static let shared: Set<MethodOptions.Name> = [
    .rank, .scale, .optimizer, .mergeGap, .mergeSchedule, .mergeGrowth,
  ]

  /// LoQT without quantisers.
  public static let loqtUnquantized = TrainingMethod(
    "loqt-nq", "LoQT without quantisation", "LoQT without quantisation",
    defaults: Defaults(scale: 0.5), options: shared
  ) { settings in
    MethodPlan(
      layers: .loqt(
        .unquantized(rank: settings.rank, scale: settings.scale), settings.schedule),
      optimizer: settings.optimizer)
  }
}
