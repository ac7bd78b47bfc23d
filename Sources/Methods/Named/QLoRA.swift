internal import Adapters
internal import Optimizers
internal import Quantization

extension TrainingMethod {
  /// A trained update of low rank beside frozen 4-bit matrices (Dettmers et al., arXiv 2305.14314).
  public static let qlora = TrainingMethod(
    "qlora", "QLoRA", "frozen 4-bit matrices with a trained low-rank update",
    defaults: Defaults(learningRate: 0.003), options: [.rank, .scale, .optimizer, .weightFormat]
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .adapter(
        AdapterConfiguration(
          rank: settings.rank, scale: settings.scale,
          base: .frozen(settings.options.weightFormat ?? .nf4())), .never),
      optimizer: settings.optimizer)
  }
}
