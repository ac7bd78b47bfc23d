internal import LanguageModels
internal import Optimizers
internal import Training

extension Variant {
  /// The bytes of weights, projections, adapters and optimizer state, by the memory model; without
  /// gradients, which depend on how a step is run.
  func stateByteCount(_ scale: ExperimentScale) -> Int? {
    guard var model = LlamaConfiguration.preset(scale.preset) else { return nil }
    model.vocabularySize = scale.vocabulary
    guard let plan = try? method.plan(options, model: model, steps: steps ?? scale.steps) else {
      return nil
    }
    let bytes = MemoryModel(model).breakdown(plan)
    return bytes.total - bytes.gradients
  }

  /// The same variant with the highest rank that takes at most the bytes of another variant; rank 1 if even
  /// that takes more.
  func fitting(_ other: Variant, _ scale: ExperimentScale) -> Variant {
    guard let limit = other.stateByteCount(scale),
      let model = LlamaConfiguration.preset(scale.preset)
    else { return self }
    var fitted = self
    fitted.options.rank = .count(1)
    for rank in 2...model.hiddenSize {
      var next = self
      next.options.rank = .count(rank)
      guard let bytes = next.stateByteCount(scale), bytes <= limit else { break }
      fitted = next
    }
    return fitted
  }
}
