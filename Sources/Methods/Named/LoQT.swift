internal import LoQT
internal import Optimizers
internal import Quantization

extension TrainingMethod {
  /// LoQT: packed 4-bit matrices, low-rank updates that are merged (Loeschcke et al., arXiv 2405.16528).
  public static let loqt = TrainingMethod(
    "loqt", "LoQT", "4-bit matrices with low-rank updates that are merged",
    defaults: Defaults(scale: 0.5),
    options: shared.union([
      .weightFormat, .projectionFormat, .compensation, .stochasticRounding, .keepOriginal,
    ])
  ) { settings in
    MethodPlan(
      layers: .loqt(
        LoQTConfiguration(
          rank: settings.rank, side: settings.side, scale: settings.scale,
          weightFormat: settings.weightFormat ?? .nf4(),
          projectionFormat: settings.projectionFormat ?? .nf4(),
          compensationSteps: settings.compensation, projector: settings.projector,
          // Measured to be better than keeping it, as the paper does: `loqt experiment states`.
          stateRule: settings.stateRule ?? .project, postponing: settings.postponing,
          roundsStochastically: settings.roundsStochastically,
          keepsOriginalWeight: settings.keepsOriginal, recordsSurvival: settings.recordsSurvival),
        settings.schedule),
      optimizer: settings.optimizer)
  }

  private static let shared: Set<MethodOptions.Name> = [
    .rank, .side, .scale, .optimizer, .mergeGap, .mergeSchedule, .mergeGrowth, .merges, .longestGap,
    .projector, .window, .stateRule, .postponing, .survival,
  ]

  /// LoQT without quantisers.
  public static let loqtUnquantized = TrainingMethod(
    "loqt-nq", "LoQT without quantisation", "LoQT without quantisation",
    defaults: Defaults(scale: 0.5), options: shared
  ) { settings in
    MethodPlan(
      layers: .loqt(
        LoQTConfiguration(
          rank: settings.rank, side: settings.side, scale: settings.scale, weightFormat: .float32,
          projectionFormat: .float32, compensationSteps: 0, projector: settings.projector,
          stateRule: settings.stateRule ?? .keep, postponing: settings.postponing,
          recordsSurvival: settings.recordsSurvival),
        settings.schedule),
      optimizer: settings.optimizer)
  }
}
