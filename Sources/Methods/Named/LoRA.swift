internal import Adapters
internal import Optimizers
internal import Quantization

extension TrainingMethod {
  /// A trained update of low rank beside frozen dense matrices (Hu et al., arXiv 2106.09685).
  public static let lora = TrainingMethod(
    "lora", "LoRA", "frozen dense matrices with a trained low-rank update",
    defaults: Defaults(learningRate: 0.003), options: [.rank, .scale, .optimizer, .weightFormat]
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .adapter(
        AdapterConfiguration(
          rank: settings.rank, scale: settings.scale,
          base: .frozen(settings.options.weightFormat ?? .float32)), .never),
      optimizer: settings.optimizer)
  }
}
