internal import Adapters
internal import Optimizers
internal import Quantization

extension TrainingMethod {
  /// A trained low-rank update beside frozen dense matrices (Hu et al., arXiv 2106.09685).
  public static let lora = lowRankUpdate(
    "lora", "LoRA", "frozen dense matrices with a trained low-rank update", besides: .float32)

  /// A trained low-rank update beside frozen matrices, stored in `format` by default.
  static func lowRankUpdate(
    _ name: String, _ title: String, _ summary: String, besides format: WeightFormat
  ) -> TrainingMethod {
    TrainingMethod(
      name, title, summary, defaults: Defaults(learningRate: 0.003),
      options: [.rank, .scale, .optimizer, .weightFormat]
    ) { settings throws(InputError) in
      MethodPlan(
        layers: .adapter(
          AdapterConfiguration(
            rank: settings.rank, scale: settings.scale,
            base: .frozen(settings.options.weightFormat ?? format)), .never),
        optimizer: settings.optimizer)
    }
  }
}
