/// What a set of examples holds, counted for windows of some length.
public struct DataStatistics: Sendable, Hashable, Codable {
  /// Examples to train on.
  public var examples: Int
  /// Examples to measure on.
  public var validationExamples: Int
  /// Tokens to train on.
  public var tokens: Int
  /// Those of them that the loss is taken on.
  public var learntTokens: Int
  /// Tokens of the longest example.
  public var longest: Int
  /// Examples that are cut off, since they are longer than a window.
  public var truncated: Int
  /// Examples that are left out, since nothing in their windows is learnt.
  public var leftOut: Int
  /// Windows of an epoch.
  public var windows: Int

  /// The share of tokens that the loss is taken on.
  public var learntShare: Double { Double(learntTokens) / Double(max(1, tokens)) }
}

extension Corpus {
  /// What the examples amount to in windows of `sequence` tokens; nil for a joined text.
  public func statistics(sequence: Int) -> DataStatistics? {
    guard packing != .joined else { return nil }
    let documents = training.documents
    let isCutOff = training.isLearnt != nil || packing == .none
    return DataStatistics(
      examples: documents.count, validationExamples: validation.documents.count,
      tokens: training.tokens.count, learntTokens: training.learntCount,
      longest: documents.map(\.count).max() ?? 0,
      truncated: isCutOff ? documents.count { $0.count > sequence + 1 } : 0,
      leftOut: documents.count {
        !training.countsLabels(
          in: isCutOff ? $0.lowerBound..<min($0.lowerBound + sequence + 1, $0.upperBound) : $0)
      },
      windows: packing.rows(of: training, sequence: sequence).count)
  }

  /// Steps that see each window so often: with a text that begins elsewhere in each epoch about so
  /// often.
  public func steps(epochs: Double, batchSize: Int, sequence: Int) throws(InputError) -> Int {
    let sampler = try BatchSampler(
      training, packing: packing, batchSize: batchSize, sequence: sequence, seed: 0)
    return max(1, Int((epochs * Double(sampler.windowCount) / Double(batchSize)).rounded(.up)))
  }
}

extension DataStatistics {
  /// The numbers worth showing, in order.
  var settings: [RunRecord.Setting] {
    let share = (1_000 * learntShare).rounded() / 10
    return [
      ("examples", "\(examples), and \(validationExamples) to measure on"),
      ("tokens of examples", "\(tokens), \(share) % of them with loss"),
      ("longest example", "\(longest) tokens"), ("cut off", "\(truncated)"),
      ("left out", "\(leftOut)"), ("windows", "\(windows)"),
    ].map { RunRecord.Setting(name: $0.0, value: $0.1) }
  }
}
