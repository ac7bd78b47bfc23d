internal import Adapters
internal import Quantization

extension TrainingMethod {
  /// LoRA that is merged and restarted, so that the sum of its updates exceeds their rank (Lialin et al.,
  /// arXiv 2307.05695).
  public static let relora = TrainingMethod(
    "relora", "ReLoRA", "LoRA that is merged and restarted",
    defaults: Defaults(learningRate: 0.003, mergeSchedule: .static),
    options: [
      .rank, .scale, .optimizer, .weightFormat, .mergeGap, .mergeSchedule, .mergeGrowth, .merges,
      .longestGap,
      .pruning,
    ]
  ) { settings throws(InputError) in
    let pruning = settings.options.pruning ?? 0.9
    guard (0...1).contains(pruning) else {
      throw InputError("--pruning \(pruning) is not a share from 0 to 1. The usual one is 0.9.")
    }
    return MethodPlan(
      layers: .adapter(
        AdapterConfiguration(
          rank: settings.rank, scale: settings.scale,
          base: .merged(settings.options.weightFormat ?? .float32, pruning: pruning)),
        settings.schedule),
      optimizer: settings.optimizer)
  }
}
