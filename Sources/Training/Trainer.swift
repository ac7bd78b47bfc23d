public import LanguageModels
internal import Autodiff
internal import Layers
internal import LoQT
internal import Optimizers
public import Stepping
internal import TensorFiles
internal import Tensors
internal import Tokenization

/// Trains a language model on a corpus.
///
/// Iterating takes the steps and tells what happens; leaving the loop, or cancelling its task, stops
/// after the step that is running. `finish` then measures the model and gives the record of the run.
///
/// ```swift
/// let trainer = try Trainer(configuration, corpus: corpus)
/// for try await event in trainer { ... }
/// let record = trainer.finish()
/// ```
///
/// Everything happens on the caller's thread: a trainer lives in one isolation domain.
public final class Trainer {
  /// The settings; the model's vocabulary is the tokenizer's.
  public let configuration: TrainingConfiguration
  /// The text.
  public let corpus: Corpus
  /// The model.
  public let model: any LanguageModel
  /// What takes the steps.
  public let optimizer: Stepper
  /// What has happened so far.
  public internal(set) var record: RunRecord

  var clock: RunClock
  let subspaces: SubspaceOptimizer?
  var largestCollectedGradients = 0
  /// Tensor bytes at the worst moment so far, and the most of each kind.
  var peakMemory = MemoryBreakdown()
  var kindPeaks = MemoryBreakdown()
  /// The most that the process held beside tensors at the end of a step.
  var programBytes = 0
  private var sampler: BatchSampler
  private let mergeSteps: [Int]
  private let evaluationWindows: EvaluationWindows
  let validationWindows: EvaluationWindows
  private var pending: [TrainingEvent] = []
  private var hasBegun = false

  /// A run that has not begun.
  ///
  /// Throws an `InputError` where the text does not fill one batch or has tokens that a trained model
  /// lacks, and a `TensorFileError` where that model cannot be read.
  ///
  /// - Parameters:
  ///   - configuration: The settings.
  ///   - corpus: The text.
  ///   - start: When the run began for the user, for its wall time.
  public convenience init(
    _ configuration: TrainingConfiguration, corpus: Corpus,
    start: ContinuousClock.Instant = ContinuousClock().now
  ) throws {
    try self.init(configuration, corpus: corpus, start: start) { model, builder in
      guard let folder = configuration.weights else { return model.makeModel(using: builder) }
      return try model.makeModel(reading: SafetensorsFolder(path: folder), using: builder)
    }
  }

  /// A run of the model that `makeModel` makes.
  init(
    _ configuration: TrainingConfiguration, corpus: Corpus, start: ContinuousClock.Instant,
    makeModel: (any ModelConfiguration, LayerBuilder) throws -> any LanguageModel
  ) throws {
    sampler = try BatchSampler(
      corpus.training, batchSize: configuration.batchSize, sequence: configuration.sequence,
      seed: configuration.seed)
    guard corpus.validation.tokens.count > 1 else {
      throw InputError(
        "\(corpus.name) is too short to keep a part for validation. Give a longer text.")
    }
    let configuration = try configuration.sized(for: corpus)
    self.configuration = configuration
    self.corpus = corpus
    clock = RunClock(start: start)
    let memory = configuration.memory
    var model = try makeModel(
      configuration.model,
      configuration.plan.builder(seed: configuration.seed, storage: memory.storage))
    model.recomputesBlocks = memory.checkpointsActivations
    self.model = model
    mergeSteps = configuration.plan.merges.mergeSteps(
      below: configuration.steps, sparingTail: true)
    model.embedding.weight.isTrainable = configuration.plan.trainsEmbedding
    model.head?.weight.isTrainable = configuration.plan.trainsHead
    let made = configuration.makeOptimizer(for: model)
    subspaces = made.subspaces
    optimizer = Stepper(
      made.optimizer, training: model, merges: configuration.plan.merges,
      steps: configuration.steps)
    optimizer.projectionWindow = configuration.plan.window
    optimizer.clippingNorm = memory.clippingNorm
    optimizer.collectsGradients = memory.updates == .collected
    optimizer.gradientStorage = memory.storage
    optimizer.measuresLossAfterMerge = memory.updates != .perLayer
    let isSilent = configuration.validationTokens == 0
    evaluationWindows = .spread(
      isSilent ? 0 : configuration.evaluationWindows, over: corpus.validation,
      sequence: configuration.sequence,
      batchSize: configuration.batchSize)
    validationWindows =
      configuration.validationTokens.map {
        .spread(
          ($0 + configuration.sequence - 1) / configuration.sequence, over: corpus.validation,
          sequence: configuration.sequence, batchSize: configuration.batchSize)
      }
      ?? .all(
        of: corpus.validation, sequence: configuration.sequence,
        batchSize: configuration.batchSize)
    record = RunRecord(
      method: configuration.method.name, seed: configuration.seed,
      tokensPerStep: configuration.tokensPerStep, parameterCount: configuration.model.parameterCount
    )
    record.settings =
      [RunRecord.Setting(name: "text", value: corpus.name)] + configuration.settings
    for notice in corpus.notices + configuration.notices { note(notice) }
  }

  /// Steps taken.
  public var step: Int { optimizer.step }

  /// The merges of the whole run, by step.
  public var plannedMerges: [Int] { mergeSteps }

  private func note(_ notice: String) {
    record.notices.append(notice)
    pending.append(.notice(notice))
  }

  /// Takes a step unless events of the last one are left; nil at the end.
  fileprivate func nextEvent() throws -> TrainingEvent? {
    if pending.isEmpty {
      if !hasBegun {
        hasBegun = true
        evaluateSome()
      }
      if pending.isEmpty, step < configuration.steps, !Task.isCancelled {
        try takeStep()
      }
    }
    return pending.isEmpty ? nil : pending.removeFirst()
  }

  /// Takes over what a saved run recorded.
  func resume(from record: RunRecord) {
    self.record = record
    clock.goOn(trainingSeconds: record.steps.last?.elapsed ?? 0, wallSeconds: record.wallSeconds)
    hasBegun = true
    pending = []
  }

  private func takeStep() throws {
    let size = optimizer.isMergeDue ? configuration.mergeBatchSize : configuration.batchSize
    let parts = sampler.batch(step: step, size: size).split(into: configuration.microBatches)
    TensorMemory.resetPeak()
    let report = try clock.measureStep {
      let report = try optimizer.step(over: parts) {
        model.loss(tokens: $0.inputs, labels: $0.labels)
      }
      return (report, isMerge: report.merge != nil)
    }
    largestCollectedGradients = Swift.max(largestCollectedGradients, report.collectedGradientBytes)
    noteMemory(report)
    record.steps.append(
      RunRecord.Step(
        step: report.step, loss: report.loss, learningRate: report.learningRate,
        elapsed: clock.trainingElapsed))
    pending.append(.step(progress(report)))
    if let merge = report.merge {
      record.merges.append(merge)
      pending.append(.merge(merge))
      noteKeptProjections(merge)
    }
    if let first = report.skipped.first {
      note(
        first == "*"
          ? "Step \(report.step): the loss was not a finite number; the step was skipped."
          : "Step \(report.step): \(report.skipped.count) gradients were not finite and were "
            + "skipped, the first that of \(first).")
    }
    if step % configuration.evaluationInterval == 0, step < configuration.steps { evaluateSome() }
  }

  private func noteMemory(_ report: StepReport) {
    let atPeak = MemoryBreakdown(report.memoryAtPeak)
    if atPeak.tensors > peakMemory.tensors { peakMemory = atPeak }
    kindPeaks = kindPeaks.highest(MemoryBreakdown(report.peakMemory))
    programBytes = Swift.max(programBytes, ProcessMemory.programBytes)
  }

  private func noteKeptProjections(_ merge: MergeReport) {
    let kept = merge.layers.filter { $0.note != nil }
    guard let first = kept.first, let reason = first.note else { return }
    note("Merge at step \(merge.step): \(kept.count) layers, the first \(first.name), \(reason).")
  }

  private func progress(_ report: StepReport) -> TrainingProgress {
    let left = configuration.steps - step
    let evaluations = left / configuration.evaluationInterval
    return TrainingProgress(
      step: step, steps: configuration.steps, loss: report.loss,
      learningRate: report.learningRate,
      tokensPerSecond: Double(configuration.tokensPerStep) / Swift.max(clock.stepSeconds, 1e-9),
      remainingSeconds: clock.estimate(
        steps: left, merges: mergeSteps.filter { $0 >= step }.count,
        windows: evaluations * evaluationWindows.windowCount + validationWindows.windowCount),
      residentBytes: ProcessMemory.residentBytes, memory: MemoryBreakdown(report.liveMemory),
      peakMemory: MemoryBreakdown(report.peakMemory))
  }

  private func evaluateSome() {
    guard evaluationWindows.tokenCount > 0 else { return }
    let evaluation = RunRecord.Evaluation(step: step, loss: evaluate(evaluationWindows))
    record.evaluations.append(evaluation)
    pending.append(.evaluation(evaluation))
  }

  /// The mean loss over windows, nats a token.
  func evaluate(_ windows: EvaluationWindows) -> Double {
    clock.measureEvaluation(windows: windows.windowCount) { model.meanLoss(over: windows) }
  }
}

extension Trainer: AsyncSequence {
  /// Takes the steps.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let trainer: Trainer

    /// The next event; nil when all steps are taken or the task is cancelled.
    public mutating func next() async throws -> TrainingEvent? { try trainer.nextEvent() }

    /// The next event; nil when all steps are taken or the task is cancelled.
    public mutating func next(isolation actor: isolated (any Actor)?) async throws
      -> TrainingEvent?
    { try trainer.nextEvent() }
  }

  /// Goes on from where the run stands.
  public func makeAsyncIterator() -> Iterator { Iterator(trainer: self) }
}

extension LanguageModel {
  /// The mean negative log-likelihood of windows of text, nats a token.
  public func meanLoss(over windows: EvaluationWindows) -> Double {
    withoutGradient {
      var sum = 0.0
      for batch in windows.batches {
        sum += loss(tokens: batch.inputs, labels: batch.labels).scalar * Double(batch.tokenCount)
      }
      return sum / Double(max(1, windows.tokenCount))
    }
  }
}
