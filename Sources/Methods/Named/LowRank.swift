internal import Adapters
internal import Optimizers

extension TrainingMethod {
  /// Every matrix is the product of two trained factors (Kamalakara et al., arXiv 2209.13569).
  public static let lowRank = TrainingMethod(
    "low-rank", "Low-rank matrices", "every matrix is a product of two trained factors",
    defaults: Defaults(learningRate: 0.003), options: [.rank, .optimizer]
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .adapter(AdapterConfiguration(rank: settings.rank, base: .none), .never),
      optimizer: settings.optimizer)
  }
}
