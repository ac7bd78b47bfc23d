internal import Optimizers

extension TrainingMethod {
  /// Whether it trains adapters beside matrices that stay as they are.
  private var hasAdapters: Bool { ["lora", "qlora", "loftq"].contains(name) }

  /// The highest learning rate that people are used to when they fine-tune by this method (Hu et al.,
  /// 2021, arXiv 2106.09685; Dettmers et al., 2023, arXiv 2305.14314); nil where there is no custom.
  package var fineTuningLearningRate: Double? { hasAdapters ? (name == "lora" ? 1e-4 : 2e-4) : nil }

  /// The options of a fine-tuning: for adapters rank 16, alpha 32 and nothing else trained, where a
  /// person has said nothing; a model of smaller matrices gets their size.
  package func fineTuning(_ options: MethodOptions, hiddenSize: Int) -> MethodOptions {
    guard hasAdapters else { return options }
    var options = options
    options.rank = options.rank ?? .count(min(16, hiddenSize))
    // alpha / rank.
    options.scale = options.scale ?? 2
    options.freezeEmbedding = options.freezeEmbedding ?? true
    options.freezeHead = options.freezeHead ?? true
    return options
  }
}
