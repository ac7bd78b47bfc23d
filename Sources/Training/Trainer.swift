internal import Autodiff
internal import Formatting
internal import LanguageModels
internal import Layers
internal import Optimizers
public import Stepping
internal import Tensors

/// Trains a model on a task, typically a language model on a text.
///
/// Iterating takes the steps and yields events; leaving the loop, or cancelling its Swift task, stops
/// after the current step. `finish` then evaluates the model and returns the record of the run.
///
/// ```swift
/// let trainer = try Trainer(configuration, corpus: corpus)
/// for try await event in trainer { ... }
/// let record = trainer.finish()
/// ```
///
/// Everything happens on the caller's thread: a trainer lives in one isolation domain.
public final class Trainer<Task: TrainingTask> {
  /// The settings.
  public let configuration: TrainingConfiguration
  /// The model and its examples.
  public let task: Task
  /// Takes the steps.
  public let optimizer: Stepper
  /// The record so far.
  public internal(set) var record: RunRecord

  /// Whether the run is one of `loqt finetune`; nil where nobody has said.
  package var isFineTuning: Bool?

  var clock: RunClock
  let subspaces: SubspaceOptimizer?
  var largestCollectedGradients = 0
  /// Tensor bytes by kind at the highest total so far, and the highest of each kind.
  var peakMemory = MemoryBreakdown()
  var kindPeaks = MemoryBreakdown()
  /// The most bytes besides tensors at the end of a step.
  var programBytes = 0
  private let mergeSteps: [Int]
  private var alarm = LossAlarm()
  private var pending: [TrainingEvent] = []
  private var hasBegun = false

  /// A run that has not started.
  ///
  /// - Parameters:
  ///   - configuration: How the task's model is trained. Memory is estimated for the model that the
  ///     configuration describes.
  ///   - task: The task, with its model.
  ///   - start: When the user started the run, for its wall time.
  public init(
    _ configuration: TrainingConfiguration, task: Task,
    start: ContinuousClock.Instant = ContinuousClock().now
  ) {
    self.configuration = configuration
    self.task = task
    clock = RunClock(start: start)
    mergeSteps = configuration.plan.merges.mergeSteps(
      below: configuration.steps, sparingTail: true)
    let memory = configuration.memory
    let made = configuration.makeOptimizer(for: task.module)
    subspaces = made.subspaces
    optimizer = Stepper(
      made.optimizer, training: task.module, merges: configuration.plan.merges,
      steps: configuration.steps)
    optimizer.projectionWindow = configuration.plan.window
    optimizer.clippingNorm = memory.clippingNorm
    optimizer.collectsGradients = memory.updates == .collected
    optimizer.gradientStorage = memory.storage
    optimizer.measuresLossAfterMerge = memory.updates != .perLayer
    optimizer.seed = configuration.seed
    record = RunRecord(
      method: configuration.method.name, seed: configuration.seed,
      tokensPerStep: task.tokensPerStep, parameterCount: configuration.model.parameterCount)
    record.settings =
      [RunRecord.Setting(name: "text", value: task.source)] + configuration.settings
    for notice in task.notices + configuration.notices { note(notice) }
  }

  /// Steps taken.
  public var step: Int { optimizer.step }

  /// The steps at which the whole run merges.
  public var plannedMerges: [Int] { mergeSteps }

  /// Adds what a person should know to the record and to what is told next.
  package func note(_ notice: String) {
    record.notices.append(notice)
    pending.append(.notice(notice))
  }

  /// The next event, from the last step or from another one; nil at the end.
  fileprivate func nextEvent() throws -> TrainingEvent? {
    if pending.isEmpty {
      if !hasBegun {
        hasBegun = true
        evaluateSome()
      }
      if pending.isEmpty, step < configuration.steps, !_Concurrency.Task.isCancelled {
        try takeStep()
      }
    }
    return pending.isEmpty ? nil : pending.removeFirst()
  }

  /// What is wrong with the model as it is, as a sentence; nil for a good one.
  ///
  /// A step that ruins the model shows in the loss of the next one only, so the loss of the next step's
  /// texts is computed. It is to be a finite number, and not far above that of the beginning.
  package var problem: String? {
    get throws {
      let loss = try withoutGradient {
        try task.losses(of: step, isMerge: false).first.map { $0().scalar }
      }
      guard let loss else { return nil }
      guard loss.isFinite else { return "After step \(step) the loss is no finite number." }
      guard let first = record.steps.first?.loss, loss > 2 * first + 1 else { return nil }
      return "After step \(step) the loss is \(PlainText.decimals(loss, 3)), far above the "
        + "\(PlainText.decimals(first, 3)) of the first step."
    }
  }

  /// Continues the record of a saved run, whose settings may have changed.
  func resume(from record: RunRecord) {
    let settings = self.record.settings
    self.record = record
    self.record.settings = settings
    (self.record.validationLoss, self.record.bitsPerByte) = (.nan, .nan)
    (self.record.samples, self.record.classification) = ([], nil)
    clock.resume(trainingSeconds: record.steps.last?.elapsed ?? 0, wallSeconds: record.wallSeconds)
    hasBegun = true
    pending = []
  }

  private func takeStep() throws {
    let losses = try task.losses(of: step, isMerge: optimizer.isMergeDue)
    TensorMemory.resetPeak()
    let report = try clock.measureStep {
      let report = try optimizer.step(over: losses) { $0() }
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
      record.skippedSteps = (record.skippedSteps ?? 0) + 1
      let count = report.skipped.count
      note(
        first == "*"
          ? "Step \(step): the loss was not a finite number; the step was skipped."
          : "Step \(step): \(counted(count, "gradient")) \(count == 1 ? "was" : "were") not finite and "
            + "skipped, the first that of \(first).")
    }
    if let usual = alarm.take(report.loss) {
      note(
        "Step \(step): the loss jumped to \(PlainText.decimals(report.loss, 3)) from about "
          + "\(PlainText.decimals(usual, 3)).")
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
    note(
      "Merge at step \(merge.step): \(counted(kept.count, "layer")), the first \(first.name), \(reason)."
    )
  }

  private func progress(_ report: StepReport) -> TrainingProgress {
    let left = configuration.steps - step
    let evaluations = left / configuration.evaluationInterval
    return TrainingProgress(
      step: step, steps: configuration.steps, loss: report.loss,
      learningRate: report.learningRate,
      tokensPerSecond: Double(task.tokensPerStep) / Swift.max(clock.stepSeconds, 1e-9),
      remainingSeconds: clock.estimate(
        steps: left, merges: mergeSteps.filter { $0 >= step }.count,
        windows: evaluations * task.size(of: .interim) + task.size(of: .final)),
      residentBytes: ProcessMemory.residentBytes, memory: MemoryBreakdown(report.liveMemory),
      peakMemory: MemoryBreakdown(report.peakMemory))
  }

  private func evaluateSome() {
    guard task.size(of: .interim) > 0 else { return }
    let evaluation = RunRecord.Evaluation(step: step, loss: measure(.interim))
    record.evaluations.append(evaluation)
    pending.append(.evaluation(evaluation))
  }

  /// The present loss of the model, timed.
  package func measure(_ evaluation: TaskEvaluation) -> Double {
    clock.measureEvaluation(windows: task.size(of: evaluation)) { task.measure(evaluation) }
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

  /// Continues from the present step.
  public func makeAsyncIterator() -> Iterator { Iterator(trainer: self) }
}
