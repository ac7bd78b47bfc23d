internal import Autodiff
internal import Foundation
internal import LanguageModels
internal import Layers
internal import LoQT
internal import Optimizers
internal import Stepping
internal import TensorFiles
internal import Tensors
internal import Training

/// Classifies passages by the mean of a language model's hidden states.
struct PassageClassifier: Module {
  let body: any LanguageModel
  let classifier: Linear

  var members: [ModuleMember] {
    [ModuleMember("body", body), ModuleMember("classifier", classifier)]
  }

  /// The logits `[passages, 1, classes]`.
  func callAsFunction(_ batch: PassageSet.Batch) -> Variable {
    classifier((body.hiddenStates(batch.tokens) * Variable(batch.weights)).sum(alongAxes: [1]))
  }
}

/// Learning to classify passages, starting from a language model trained on the text.
final class PassageClassification: TrainingTask {
  private let configuration: TrainingConfiguration
  private let passages: PassageSet
  private let model: PassageClassifier
  private var random: RandomSource
  /// The remaining passages of the epoch.
  private var left: [Int] = []
  private let batchSize: Int
  /// The last measured share of correct answers.
  private var accuracy: Double?

  /// The task of a run that starts from a trained model in a folder.
  init(_ configuration: TrainingConfiguration, on text: ExperimentText, base path: String) throws {
    self.configuration = configuration
    passages = try PassageSet(text, testing: configuration.validationTokens)
    let plan = configuration.plan
    let body = try ModelFamily.configuration(path: path + "/config.json").makeModel(
      reading: SafetensorsFolder(path: path), using: plan.builder(seed: configuration.seed))
    body.embedding.weight.isTrainable = plan.trainsEmbedding
    body.head?.weight.isTrainable = false
    var random = RandomSource(seed: configuration.seed).split("classifier")
    let size = configuration.model.hiddenSize
    model = PassageClassifier(
      body: body,
      classifier: Linear(
        weight: .normal(
          [passages.classes, size], standardDeviation: 0.02, using: &random),
        bias: .zeros([passages.classes])))
    self.random = RandomSource(seed: configuration.seed).split("passages")
    batchSize = min(configuration.batchSize, passages.training.count)
    source = text.corpus.name
  }

  let source: String
  var module: any Module { model }
  var tokensPerStep: Int { configuration.batchSize * PassageSet.length }

  func losses(of step: Int, isMerge: Bool) -> [() -> Variable] {
    if left.count < batchSize { left = passages.training.shuffled(using: &random) }
    let batch = passages.batch(left.suffix(batchSize))
    left.removeLast(batchSize)
    return [{ [model] in crossEntropy(model(batch), labels: batch.labels) }]
  }

  func size(of evaluation: TaskEvaluation) -> Int {
    evaluation == .final ? passages.test.count : 0
  }

  func measure(_ evaluation: TaskEvaluation) -> Double {
    let (loss, accuracy) = measure()
    self.accuracy = accuracy
    return loss
  }

  func complete(_ record: inout RunRecord) {
    record.accuracy = accuracy
    record.memory = MemoryModel(configuration.model).breakdown(configuration.plan)
  }

  private func measure() -> (loss: Double, accuracy: Double) {
    var (loss, right) = (0.0, 0)
    withoutGradient {
      for first in stride(from: 0, to: passages.test.count, by: 32) {
        let chosen = passages.test[first..<min(first + 32, passages.test.count)]
        let batch = passages.batch(chosen)
        let logits = model(batch)
        loss += crossEntropy(logits, labels: batch.labels).scalar * Double(chosen.count)
        let answers = logits.value.float.argmax(squeezingAxis: -1)
        right += zip(answers.scalars, batch.labels.scalars).count { $0 == $1 }
      }
    }
    let count = Double(passages.test.count)
    return (loss / count, Double(right) / count)
  }
}
