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

/// A Llama that puts passages into classes by the mean of its hidden states.
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

/// One run of fine-tuning a language model that was trained on the text to tell classes of passages.
struct FineTuning {
  private let configuration: TrainingConfiguration
  private let passages: PassageSet
  private let model: PassageClassifier
  private let optimizer: Stepper

  /// A run from a trained model in a folder.
  init(_ configuration: TrainingConfiguration, on text: ExperimentText, base path: String) throws {
    self.configuration = configuration
    passages = try PassageSet(text, testing: configuration.validationTokens)
    let plan = configuration.plan
    let body = try configuration.model.makeModel(
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
    let made = configuration.makeOptimizer(for: body)
    optimizer = Stepper(
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
    let batchSize = min(configuration.batchSize, passages.training.count)
    let clock = ContinuousClock()
    let start = clock.now
    for step in 0..<configuration.steps {
      if left.count < batchSize { left = passages.training.shuffled(using: &random) }
      let batch = passages.batch(left.suffix(batchSize))
      left.removeLast(batchSize)
      let report = try optimizer.step { crossEntropy(model(batch), labels: batch.labels) }
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
        let logits = model(batch)
        loss += crossEntropy(logits, labels: batch.labels).scalar * Double(chosen.count)
        let answers = logits.value.float.argmax(alongAxis: -1)
        right += zip(answers.scalars, batch.labels.scalars).count { $0 == $1 }
      }
    }
    let count = Double(passages.test.count)
    return (loss / count, Double(right) / count)
  }
}
