extension TrainingMethod {
  /// Dense matrices, updated by their full gradient.
  public static let full = TrainingMethod(
    "full", "Full-rank training", "dense matrices, updated by their full gradient",
    defaults: Defaults(learningRate: 0.003), options: [.optimizer, .weightFormat]
  ) { settings throws(InputError) in
    MethodPlan(
      layers: .dense(packed: settings.packing), optimizer: settings.optimizer,
      restOptimizer: settings.optimizer)
  }
}
