public import LanguageModels
public import LoQT

/// Everything that decides a training run besides its text. What is left out gets a default that
/// suits the method and the length of the run.
public struct TrainingConfiguration: Sendable, Hashable {
  /// How gaps between merges grow.
  public enum MergeGrowth: String, Sendable, Hashable, Codable, CaseIterable {
    /// By floor(growth^k), the paper's.
    case exponential
    /// By floor(growth * k).
    case linear
    /// Not at all.
    case `static`
  }

  /// The model; its vocabulary is set to the tokenizer's.
  public var model: LlamaConfiguration
  /// The model's name, for people.
  public let modelName: String
  /// How the linear layers are trained.
  public let method: TrainingMethod
  /// Steps of the run.
  public let steps: Int
  /// Sequences a step.
  public let batchSize: Int
  /// Tokens a sequence.
  public let sequence: Int
  /// r of the low-rank methods.
  public let rank: Int
  /// s of the low-rank methods.
  public let scale: Float
  /// The highest learning rate, reached after a warm-up of a tenth of the run; the last is a tenth.
  public let learningRate: Double
  /// Steps between the first merges; for GaLore between all projections.
  public let mergeGap: Int
  /// How the gaps grow.
  public let mergeGrowth: MergeGrowth
  /// By how much the gaps grow.
  public let mergeGrowthFactor: Double
  /// C, the alternations of error compensation at a merge.
  public let compensationSteps: Int
  /// Decides initial values, batches and samples.
  public let seed: UInt64
  /// Steps between evaluations on some of the validation text.
  public let evaluationInterval: Int
  /// Validation windows of those evaluations.
  public let evaluationWindows: Int
  /// What a person should know about these settings.
  public let notices: [String]

  /// Settings that fit each other.
  ///
  /// Throws an `InputError` that names the setting, what is wrong with it, and what to give instead.
  public init(
    model: LlamaConfiguration, named modelName: String = "custom", method: TrainingMethod = .loqt,
    steps: Int? = nil, batchSize: Int? = nil, sequence: Int? = nil, rank: Int? = nil,
    scale: Double? = nil, learningRate: Double? = nil, mergeGap: Int? = nil,
    mergeGrowth: MergeGrowth = .exponential, mergeGrowthFactor: Double? = nil,
    compensationSteps: Int? = nil, seed: UInt64 = 0, evaluationInterval: Int? = nil
  ) throws(InputError) {
    self.modelName = modelName
    self.method = method
    self.steps = try Self.count(steps ?? 1_000, "--steps")
    self.batchSize = try Self.count(batchSize ?? 16, "--batch")
    self.sequence = try Self.count(sequence ?? 128, "--sequence", atMost: 1 << 20)
    guard self.batchSize <= Int(Int32.max) / self.sequence else {
      throw InputError("--batch times --sequence is beyond all memory. Give smaller ones.")
    }
    var model = model
    model.maxPositions = max(model.maxPositions, self.sequence)
    self.model = model
    self.rank = try Self.rank(rank, model)
    self.scale = Float(
      try Self.positive(scale ?? (method == .galore ? 0.25 : 0.5), "--scale", such: "0.5"))
    self.learningRate = try Self.positive(
      learningRate ?? Self.defaultLearningRate(method), "--learning-rate", such: "0.01")
    self.mergeGap = try Self.mergeGap(mergeGap, method, steps: self.steps)
    self.mergeGrowth = mergeGrowth
    self.mergeGrowthFactor = try Self.positive(
      mergeGrowthFactor ?? 1.2, "--merge-growth", such: "1.2")
    let compensation = compensationSteps ?? (method == .loqt ? 5 : 0)
    guard (0...100).contains(compensation) else {
      throw InputError(
        "--compensation \(compensation) is not a count from 0 to 100. The usual one is 5.")
    }
    self.compensationSteps = compensation
    self.seed = seed
    self.evaluationInterval = try Self.count(
      evaluationInterval ?? max(1, self.steps / 10), "the evaluation interval")
    evaluationWindows = 64
    notices = Self.notices(
      self.rank, model, method,
      hasUnusedCompensation: method != .loqt && compensation > 0)
  }

  /// The model of a preset. Throws with the list of all presets when there is none of the name.
  public static func model(preset name: String) throws(InputError) -> LlamaConfiguration {
    if let model = LlamaConfiguration.preset(name) { return model }
    let names = LlamaConfiguration.presets.map(\.name).joined(separator: ", ")
    throw InputError("There is no preset '\(name)'. Choose one of \(names).")
  }

  /// When updates are merged.
  public var mergeSchedule: MergeSchedule {
    guard method.merges else { return .never }
    return switch mergeGrowth {
    case .exponential: .exponential(every: mergeGap, growth: mergeGrowthFactor)
    case .linear: .linear(every: mergeGap, growth: mergeGrowthFactor)
    case .static: .static(every: mergeGap)
    }
  }

  /// How LoQT layers hold and renew their matrices; nil for the other methods.
  public var loqt: LoQTConfiguration? {
    switch method {
    case .loqt:
      LoQTConfiguration(rank: rank, scale: scale, compensationSteps: compensationSteps)
    case .loqtUnquantized: .unquantized(rank: rank, scale: scale)
    case .full, .galore, .frozen: nil
    }
  }

  /// Tokens that are learnt from in a step.
  public var tokensPerStep: Int { batchSize * sequence }

  /// The settings worth showing, in order.
  var settings: [RunRecord.Setting] {
    var rows = [("model", modelName), ("method", method.rawValue)]
    rows += [
      ("steps", "\(steps)"), ("sequences a step", "\(batchSize)"),
      ("tokens a sequence", "\(sequence)"),
      ("learning rate", "\(learningRate)"), ("seed", "\(seed)"),
    ]
    if method.isLowRank { rows += [("rank", "\(rank)"), ("scale", "\(scale)")] }
    switch method {
    case .loqt, .loqtUnquantized:
      rows += [
        ("merge gap", "\(mergeGap)"),
        (
          "merge schedule",
          mergeGrowth.rawValue + (mergeGrowth == .static ? "" : " \(mergeGrowthFactor)")
        ),
      ]
      if method == .loqt {
        rows += [
          ("compensation steps", "\(compensationSteps)"), ("matrices", "NF4, double quantised"),
        ]
      }
    case .galore: rows += [("projection gap", "\(mergeGap)")]
    case .full, .frozen: break
    }
    return rows.map { RunRecord.Setting(name: $0.0, value: $0.1) }
  }
}

extension TrainingConfiguration {
  /// The highest learning rate of a method, where none is given.
  public static func defaultLearningRate(_ method: TrainingMethod) -> Double {
    switch method {
    case .loqt, .loqtUnquantized, .galore, .frozen: 0.01
    case .full: 0.003
    }
  }

  private static func count(_ value: Int, _ name: String, atMost limit: Int = 1 << 31)
    throws(InputError) -> Int
  {
    guard (1...limit).contains(value) else {
      throw InputError("\(name) \(value) is not a count from 1 to \(limit). Give one that is.")
    }
    return value
  }

  private static func positive(_ value: Double, _ name: String, such example: String)
    throws(InputError) -> Double
  {
    // Single precision is what the number is used in.
    guard value.isFinite, Float(value) > 0, Float(value).isFinite else {
      throw InputError("\(name) \(value) is not a positive number. Give one such as \(example).")
    }
    return value
  }

  private static func rank(_ rank: Int?, _ model: LlamaConfiguration) throws(InputError) -> Int {
    let largest = model.linearShapes.map { min($0.out, $0.in) }.max() ?? 1
    let value = rank ?? max(1, min(largest, model.hiddenSize / 4))
    guard value >= 1 else {
      throw InputError("--rank \(value) is below 1. Give one from 1 to \(largest).")
    }
    guard value <= largest else {
      throw InputError(
        "--rank \(value) is above the smaller side of every layer of this model. Give one from 1 "
          + "to \(largest).")
    }
    return value
  }

  private static func mergeGap(_ gap: Int?, _ method: TrainingMethod, steps: Int)
    throws(InputError) -> Int
  {
    guard let gap else { return min(100, max(1, steps / 10)) }
    guard gap >= 1 else {
      throw InputError("--merge-gap \(gap) is below 1. Give the steps between two merges.")
    }
    guard gap < steps || !method.isLowRank else {
      throw InputError(
        "--merge-gap \(gap) is not shorter than the run of \(steps) steps, so nothing would be "
          + "merged. Give a shorter gap or more --steps.")
    }
    return gap
  }

  private static func notices(
    _ rank: Int, _ model: LlamaConfiguration, _ method: TrainingMethod, hasUnusedCompensation: Bool
  ) -> [String] {
    var notices: [String] = []
    let clamped = model.linearShapes.filter { min($0.out, $0.in) < rank }
    if method.isLowRank, let smallest = clamped.map({ min($0.out, $0.in) }).min() {
      notices.append(
        "Rank \(rank) is above the smaller side of \(clamped.count) layers, which use theirs "
          + "(\(smallest) at the least).")
    }
    if hasUnusedCompensation {
      notices.append("--compensation has no effect on method \(method.rawValue).")
    }
    return notices
  }
}

extension LlamaConfiguration {
  /// The sizes of the linear layers of all blocks.
  var linearShapes: [(out: Int, in: Int)] {
    let (queries, keys) = (heads * headSize, keyHeads * headSize)
    let block = [
      (queries, hiddenSize), (keys, hiddenSize), (keys, hiddenSize), (hiddenSize, queries),
      (intermediateSize, hiddenSize), (intermediateSize, hiddenSize),
      (hiddenSize, intermediateSize),
    ]
    return (0..<layers).flatMap { _ in block.map { (out: $0.0, in: $0.1) } }
  }
}
