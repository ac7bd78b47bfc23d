internal import Autodiff
internal import Foundation
internal import LanguageModels
internal import Layers
internal import LoQT
internal import Optimizers
internal import TensorFiles
internal import Tensors

/// Telling which part of a text a passage is from: a labelled set that any text gives.
///
/// The tokens are cut into passages, and the text into parts of equal length, the classes. Every fifth
/// passage is kept for the test; its neighbours are trained on, so that what is measured is how well
/// the parts' matters and voices are told apart, not how far that carries to other texts.
struct PassageSet: Sendable {
  static let classes = 8
  static let length = 64

  private let tokens: [Int32]
  /// The passages to learn and those to measure on.
  let training: [Int], test: [Int]
  private let count: Int

  /// Tests on so many tokens, chosen evenly, or on all that are kept for it. Throws where the text has
  /// too few passages.
  init(_ stream: TokenStream, testing limit: Int?) throws(InputError) {
    tokens = stream.tokens
    count = tokens.count / Self.length
    guard count >= 10 * Self.classes else {
      throw InputError("The text is too short to be told apart in parts. Give a longer one.")
    }
    training = (0..<count).filter { $0 % 5 != 4 }
    let kept = (0..<count).filter { $0 % 5 == 4 }
    let tested = min(kept.count, max(1, (limit ?? .max) / Self.length))
    test = (0..<tested).map { kept[(2 * $0 + 1) * kept.count / (2 * tested)] }
  }

  /// Passages with their classes: `[passages, tokens]` and `[passages]`.
  func batch(_ passages: some Collection<Int>) -> (tokens: Tensor<Int32>, labels: Tensor<Int32>) {
    let ids = passages.flatMap { tokens[$0 * Self.length..<($0 + 1) * Self.length] }
    let labels = passages.map { Int32($0 * Self.classes / count) }
    return (
      Tensor(ids, shape: [passages.count, Self.length]), Tensor(labels, shape: [passages.count])
    )
  }
}

/// A Llama that puts passages into classes by the mean of its hidden states.
struct PassageClassifier: Module {
  let body: Llama
  let classifier: Linear

  var members: [ModuleMember] {
    [ModuleMember("body", body), ModuleMember("classifier", classifier)]
  }

  /// The logits `[passages, classes]`.
  func callAsFunction(_ tokens: Tensor<Int32>) -> Variable {
    classifier(body.hiddenStates(tokens).mean(alongAxes: [1]))
  }
}

/// One run of fine-tuning a language model that was trained on the text to tell its parts apart.
struct FineTuning {
  private let configuration: TrainingConfiguration
  private let passages: PassageSet
  private let model: PassageClassifier
  private let optimizer: LoQTOptimizer

  /// A run from a trained model in a folder.
  init(_ configuration: TrainingConfiguration, corpus: Corpus, base path: String) throws {
    self.configuration = configuration
    passages = try PassageSet(
      corpus.training, testing: configuration.validationTokens)
    let plan = configuration.plan
    let body = try Llama(
      configuration.model, reading: SafetensorsFolder(path: path),
      using: plan.builder(seed: configuration.seed))
    body.embedding.weight.isTrainable = plan.trainsEmbedding
    body.head?.weight.isTrainable = false
    var random = RandomSource(seed: configuration.seed).split("classifier")
    let size = configuration.model.hiddenSize
    model = PassageClassifier(
      body: body,
      classifier: Linear(
        weight: .normal(
          [PassageSet.classes, size], standardDeviation: 0.02, using: &random),
        bias: .zeros([PassageSet.classes])))
    let made = configuration.makeOptimizer(for: body)
    optimizer = LoQTOptimizer(
      made.optimizer, training: model, merges: plan.merges, steps: configuration.steps)
  }

  /// Trains, and gives the record with the loss and the share of right answers on the test passages;
  /// nil when `progress` says to stop.
  func execute(progress: (TrainingProgress) -> Bool) throws -> RunRecord? {
    var record = RunRecord(
      method: configuration.method.name, seed: configuration.seed,
      tokensPerStep: configuration.batchSize * PassageSet.length,
      parameterCount: configuration.model.parameterCount)
    record.settings = configuration.settings
    var random = RandomSource(seed: configuration.seed).split("passages")
    var left: [Int] = []
    let clock = ContinuousClock()
    let start = clock.now
    for step in 0..<configuration.steps {
      if left.count < configuration.batchSize {
        left = passages.training.shuffled(using: &random)
      }
      let batch = passages.batch(left.suffix(configuration.batchSize))
      left.removeLast(configuration.batchSize)
      let report = try optimizer.step { crossEntropy(model(batch.tokens), labels: batch.labels) }
      let elapsed = (clock.now - start) / .seconds(1)
      record.steps.append(
        RunRecord.Step(
          step: report.step, loss: report.loss, learningRate: report.learningRate,
          elapsed: elapsed))
      if let merge = report.merge { record.merges.append(merge) }
      let perStep = elapsed / Double(step + 1)
      let goesOn = progress(
        TrainingProgress(
          step: step + 1, steps: configuration.steps, loss: report.loss,
          learningRate: report.learningRate,
          tokensPerSecond: Double(record.tokensPerStep) / max(perStep, 1e-9),
          remainingSeconds: perStep * Double(configuration.steps - step - 1), residentBytes: 0,
          memory: MemoryBreakdown(report.liveMemory),
          peakMemory: MemoryBreakdown(report.peakMemory)))
      if !goesOn { return nil }
    }
    let (loss, accuracy) = measure()
    record.validationLoss = loss
    record.accuracy = accuracy
    record.evaluations.append(RunRecord.Evaluation(step: configuration.steps, loss: loss))
    record.memory = MemoryModel(configuration.model).breakdown(configuration.plan)
    return record
  }

  private func measure() -> (loss: Double, accuracy: Double) {
    var (loss, right) = (0.0, 0)
    withoutGradient {
      for first in stride(from: 0, to: passages.test.count, by: 32) {
        let chosen = passages.test[first..<min(first + 32, passages.test.count)]
        let batch = passages.batch(chosen)
        let logits = model(batch.tokens)
        loss += crossEntropy(logits, labels: batch.labels).scalar * Double(chosen.count)
        let scores = logits.value.float.scalars
        for (row, label) in batch.labels.scalars.enumerated() {
          let own = scores[row * PassageSet.classes..<(row + 1) * PassageSet.classes]
          if own.firstIndex(of: own.max()!)! - own.startIndex == Int(label) { right += 1 }
        }
      }
    }
    let count = Double(passages.test.count)
    return (loss / count, Double(right) / count)
  }
}
