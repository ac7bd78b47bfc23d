internal import Adapters
internal import Optimizers
internal import Quantization

extension TrainingMethod {
  /// QLoRA whose 4-bit matrices and factors together start as close as possible to the initial matrices
  /// (Li et al., arXiv 2310.08659).
  public static let loftq = TrainingMethod(
    "loftq", "LoftQ", "QLoRA that starts closest to the initial matrices",
    defaults: Defaults(learningRate: 0.003),
    options: [.rank, .scale, .optimizer, .weightFormat, .alternations]
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .adapter(
        AdapterConfiguration(
          rank: settings.rank, scale: settings.scale,
          base: .alternating(
            settings.options.weightFormat ?? .nf4(),
            steps: try checkedCount(
              settings.options.alternations ?? 5, "--alternations", in: 1...100, usual: 5))), .never
      ),
      optimizer: settings.optimizer)
  }
}
