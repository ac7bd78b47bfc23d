public import Autodiff
internal import Foundation
public import LanguageModels
public import Layers
internal import Tensors
internal import TensorFiles
internal import Tokenization

/// Learning to tell the label of a text, or a number.
public final class Classification: TrainingTask {
  /// The model.
  public let model: SequenceClassifier
  /// The texts.
  public let data: ClassificationData
  /// How the model answered when it was measured last.
  public private(set) var scores: ClassificationScores?
  /// What lay beside the tensors of the model that it was made of.
  let companions: ModelCompanions
  private let configuration: TrainingConfiguration
  private let random: RandomSource
  private var epoch: (number: Int, order: [Int])?
  /// The texts of measurements in the course of the run, at most so many.
  private let interim: [Int]
  private static let interimCount = 256

  /// The task of a run, whose model is the one that the configuration's `weights` name, with new layers
  /// behind it, or one drawn at random.
  ///
  /// Throws an `InputError` where the configuration describes no classifier of the data's labels, and
  /// what making the model throws.
  ///
  /// - Parameters:
  ///   - configuration: Its model is a `ClassifierConfiguration`.
  ///   - data: The texts.
  ///   - source: The model that the configuration's `weights` name; opened by this path when left out.
  public convenience init(
    _ configuration: TrainingConfiguration, data: ClassificationData, source: ModelSource? = nil
  ) throws {
    let source = try source ?? configuration.weights.map { try ModelSource(path: $0) }
    try self.init(configuration, data: data, companions: source?.companions ?? ModelCompanions()) {
      try source?.makeClassifier(of: $0, using: $1) ?? SequenceClassifier($0, using: $1)
    }
  }

  init(
    _ configuration: TrainingConfiguration, data: ClassificationData, companions: ModelCompanions,
    makeModel: (ClassifierConfiguration, LayerBuilder) throws -> SequenceClassifier
  ) throws {
    guard let described = configuration.model as? ClassifierConfiguration,
      described.labels.count == max(1, data.labels.count),
      described.isRegression == data.isRegression
    else {
      throw InputError(
        "The model is no classifier of the \(data.labels.count) labels of \(data.name). Describe one by "
          + "ClassifierConfiguration.")
    }
    guard data.tokenizer.vocabularySize <= described.vocabularySize else {
      throw InputError(
        "The tokenizer has \(data.tokenizer.vocabularySize) tokens, more than the "
          + "\(described.vocabularySize) rows of the model's embedding. Give the folder with the "
          + "tokenizer.json that belongs to it.")
    }
    self.configuration = configuration
    self.data = data
    self.companions = companions
    let memory = configuration.memory
    var model = try makeModel(
      described, configuration.plan.builder(seed: configuration.seed, storage: memory.storage))
    model.recomputesBlocks = memory.checkpointsActivations
    model.body.embedding.weight.isTrainable = configuration.plan.trainsEmbedding
    self.model = model
    random = RandomSource(seed: configuration.seed).split("texts")
    let count = data.validation.count
    let taken = min(count, Self.interimCount)
    interim = (0..<taken).map { $0 * count / taken }
  }

  /// The model.
  public var module: any Module { model }
  /// The name of the texts.
  public var source: String { data.name }
  /// Those of the texts.
  public var notices: [String] { data.notices }
  /// Tokens of a step as it is on average.
  public var tokensPerStep: Int {
    max(1, Int((Double(configuration.batchSize) * data.training.meanLength).rounded()))
  }

  // MARK: Learning

  /// Of texts that seed and step decide: in each epoch all, in random order.
  public func losses(of step: Int, isMerge: Bool) -> [() -> Variable] {
    let size = isMerge ? configuration.mergeBatchSize : configuration.batchSize
    let first = step * configuration.batchSize
    let chosen = (first..<first + size).map { text($0) }
    let part = size / configuration.microBatches
    return (0..<configuration.microBatches).map { index in
      let batch = data.training.batch(
        chosen[index * part..<(index + 1) * part], padding: data.padding)
      return { [model, data] in Self.loss(model(batch.texts), batch, data.isRegression) }
    }
  }

  private func text(_ index: Int) -> Int {
    let (number, position) = index.quotientAndRemainder(dividingBy: data.training.count)
    if epoch?.number != number {
      var source = random.split(UInt64(number))
      epoch = (number, (0..<data.training.count).shuffled(using: &source))
    }
    return epoch?.order[position] ?? 0
  }

  private static func loss(_ logits: Variable, _ batch: LabelledBatch, _ isRegression: Bool)
    -> Variable
  {
    isRegression
      ? meanSquaredError(logits.reshaped(to: [-1]), targets: batch.values)
      : crossEntropy(logits, labels: batch.labels)
  }

  // MARK: Measuring

  /// Texts that are measured on.
  public func size(of evaluation: TaskEvaluation) -> Int {
    configuration.validationTokens == 0
      ? 0
      : evaluation == .interim ? interim.count : data.validation.count
  }

  /// The mean loss over texts that are kept for it; `scores` has all measures.
  public func measure(_ evaluation: TaskEvaluation) -> Double {
    let found = model.scores(
      on: data.validation,
      chosen: evaluation == .interim ? interim : Array(0..<data.validation.count),
      labels: data.labels, padding: data.padding)
    scores = found
    return found.loss
  }

  /// Adds the scores.
  public func complete(_ record: inout RunRecord) {
    record.classification = scores
    record.accuracy = scores?.confusion?.accuracy
  }
}

extension SequenceClassifier {
  /// The answers on texts, in their order: `[texts, classes]` logits, or numbers.
  ///
  /// - Parameters:
  ///   - texts: The texts.
  ///   - chosen: Which of them.
  ///   - padding: What fills texts up at their ends.
  func answers(on texts: EncodedTexts, chosen: [Int], padding: Int32) -> [[Float]] {
    // Those of like lengths together need the least padding.
    let order = chosen.indices.sorted {
      texts.texts[chosen[$0]].ids.count < texts.texts[chosen[$1]].ids.count
    }
    var answers = Array(repeating: [Float](), count: chosen.count)
    withoutGradient {
      for first in stride(from: 0, to: order.count, by: 32) {
        let part = order[first..<min(first + 32, order.count)]
        let batch = texts.batch(part.map { chosen[$0] }, padding: padding)
        let logits = self(batch.texts).value.float
        for (row, place) in part.enumerated() {
          answers[place] = logits.element(at: row).scalars
        }
      }
    }
    return answers
  }

  /// How well the model answers on texts with labels.
  ///
  /// - Parameters:
  ///   - texts: The texts.
  ///   - chosen: Which of them; all when left out.
  ///   - labels: The names of the classes; none for numbers.
  ///   - padding: What fills texts up at their ends.
  package func scores(
    on texts: EncodedTexts, chosen: [Int]? = nil, labels: [String], padding: Int32
  ) -> ClassificationScores {
    let chosen = chosen ?? Array(0..<texts.count)
    let answers = answers(on: texts, chosen: chosen, padding: padding)
    guard !labels.isEmpty else {
      let truths = chosen.map { Double(texts.values[$0]) }
      let numbers = answers.map { Double($0[0]) }
      let squares = zip(truths, numbers).reduce(0.0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      return ClassificationScores(
        loss: squares / Double(max(1, chosen.count)), truths: truths, answers: numbers)
    }
    var loss = 0.0
    var classes: [Int] = []
    for (logits, index) in zip(answers, chosen) {
      let logits = logits.map(Double.init)
      let largest = logits.max() ?? 0
      let sum = logits.reduce(0) { $0 + exp($1 - largest) }
      loss += largest + log(sum) - logits[Int(texts.labels[index])]
      classes.append(logits.firstIndex(of: largest) ?? 0)
    }
    return ClassificationScores(
      loss: loss / Double(max(1, chosen.count)),
      confusion: ConfusionTable(
        labels: labels, truths: chosen.map { Int(texts.labels[$0]) }, answers: classes))
  }
}

/// The training of a classifier.
public typealias ClassifierTrainer = Trainer<Classification>
