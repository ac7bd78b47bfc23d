internal import LoQT
internal import Optimizers
internal import Quantization

extension TrainingMethod {
  /// LoQT: packed 4-bit matrices with low-rank updates that are merged periodically (Loeschcke et al.,
  /// arXiv 2405.16528).
  public static let loqt = TrainingMethod(
    "loqt", "LoQT", "4-bit matrices with low-rank updates that are merged",
    defaults: Defaults(scale: 0.5),
    options: shared.union([
      .weightFormat, .projectionFormat, .compensation, .stochasticRounding, .keepOriginal,
    ])
  ) { settings throws(InputError) in
    let options = settings.options
    let compensation = try checkedCount(
      options.compensation ?? 5, "--compensation", in: 0...100, usual: 5)
    return MethodPlan(
      layers: .loqt(
        LoQTConfiguration(
          rank: settings.rank, side: settings.side, scale: settings.scale,
          weightFormat: options.weightFormat ?? .nf4(),
          projectionFormat: options.projectionFormat ?? .nf4(),
          compensationSteps: compensation, projector: settings.projector,
          // Measured to work better than `keep`, the paper's rule: `loqt experiment states`.
          stateRule: options.stateRule ?? .project, mergeThreshold: try mergeThreshold(options),
          roundsStochastically: options.stochasticRounding ?? false,
          // Without compensation the first merge only rounds W, which may as well happen at once.
          keepsOriginalWeight: options.keepOriginal ?? (compensation > 0),
          recordsSurvival: options.survival ?? true),
        settings.schedule),
      optimizer: settings.optimizer)
  }

  private static let shared: Set<MethodOptions.Name> = [
    .rank, .side, .scale, .optimizer, .mergeGap, .mergeSchedule, .mergeGrowth, .merges, .longestGap,
    .projector, .window, .stateRule, .postponing, .survival,
  ]

  /// The share of its weights that an update must reach to be merged.
  private static func mergeThreshold(_ options: MethodOptions) throws(InputError) -> Double {
    let share = options.postponing ?? 0
    guard (0..<1).contains(share) else {
      throw InputError(
        "--postponing \(share) is not a share of at least 0 and below 1. Give one such as 0.05.")
    }
    guard share == 0 || options.survival ?? true else {
      throw InputError(
        "--postponing measures updates by the copy of B that --no-survival leaves out. Leave one of "
          + "them out.")
    }
    return share
  }

  /// LoQT without quantisation.
  public static let loqtUnquantized = TrainingMethod(
    "loqt-nq", "LoQT without quantisation", "LoQT without quantisation",
    defaults: Defaults(scale: 0.5), options: shared
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .loqt(
        LoQTConfiguration(
          rank: settings.rank, side: settings.side, scale: settings.scale, weightFormat: .float32,
          projectionFormat: .float32, compensationSteps: 0, projector: settings.projector,
          stateRule: settings.options.stateRule ?? .keep,
          mergeThreshold: try mergeThreshold(settings.options),
          recordsSurvival: settings.options.survival ?? true),
        settings.schedule),
      optimizer: settings.optimizer)
  }
}
