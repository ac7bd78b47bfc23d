extension TrainingMethod {
  /// Matrices frozen at their initial values: a baseline for what the other parameters learn alone.
  public static let frozen = TrainingMethod(
    "frozen", "Frozen linear layers", "frozen linear layers, the rest trained",
    options: []
  ) { _ in MethodPlan(layers: .frozen) }
}
