extension TrainingMethod {
  /// Dense matrices, moved by their whole gradient.
  public static let full = TrainingMethod(
    "full", "Full-rank training", "dense matrices, moved by their whole gradient",
    defaults: Defaults(learningRate: 0.003), options: [.optimizer, .weightFormat]
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .dense(packed: settings.packing), optimizer: settings.optimizer,
      restOptimizer: settings.optimizer)
  }
}
