extension TrainingMethod {
  /// Matrices frozen at their random start: what the other parameters learn alone.
  public static let frozen = TrainingMethod(
    "frozen", "Frozen linear layers", "linear layers as they were drawn, the rest trained",
    options: []
  ) { _ in MethodPlan(layers: .frozen) }
}
