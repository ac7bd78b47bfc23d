public import Autodiff
public import Layers
public import Optimizers
import Quantization
import Tensors

/// Runs the steps of a training run: micro-batches, learning rate, clipping, the guard against numbers
/// that are not finite, and the merges of layers that have any.
///
/// Without clipping and accumulation each parameter is updated inside the backward pass, the moment
/// its gradient is complete, and no gradient is held. Layers that do more than own parameters take part
/// as `StepParticipant`s: a LoQT layer merges inside its own backward pass, so only one layer at a time
/// is in full precision (Loeschcke et al., arXiv 2405.16528, section 3). To measure the loss right after
/// such a merge, before anything else changes, the other parameters' gradients are held in that step.
/// Models without such layers train the same way, without merges.
public final class Stepper {
  /// The optimizer of the parameters.
  public let optimizer: any Optimizer
  /// When updates are merged.
  public let merges: MergeSchedule
  /// The global norm that gradients are clipped to; nil for no clipping.
  public var clippingNorm: Double?
  /// Whether every step holds its gradients until the backward pass is over. Clipping and accumulation do
  /// so anyway; otherwise it only costs memory.
  public var collectsGradients = false
  /// How collected gradients are held.
  public var gradientStorage = ParameterStorage.float32
  /// Which gradient projections are taken from when a step has several micro-batches.
  public var projectionWindow = ProjectionWindow.sketch
  /// Whether the loss is recomputed right after each merge, for its report. This costs a forward pass, and
  /// the step's gradients are held until it is done.
  public var measuresLossAfterMerge = true
  /// The number of consecutive steps with a loss or gradients that are not finite after which training
  /// throws.
  public var patience = 5
  /// Determines, with the step, the random numbers of dropout and the like, as the loss is computed in
  /// training mode. A caller that has already entered training mode keeps its own random numbers.
  public var seed: UInt64 = 0
  /// The number of steps taken.
  public private(set) var step = 0
  /// The model's layers that take part in the step, with their dotted names.
  public let participants: [(name: String, layer: any StepParticipant)]

  /// The model's parameters, each once.
  let parameters: [Parameter]
  private let mergeSteps: MergeSchedule.Steps
  private var comingMerges: MergeSchedule.Steps
  /// The first merge step at or after `step`.
  private var nextMerge: Int?
  private var failures = 0

  /// A stepper for the parameters of a model.
  ///
  /// - Parameters:
  ///   - optimizer: The optimizer of the parameters, such as AdamW.
  ///   - model: The model, whose parameters and frozen matrices are given their dotted names.
  ///   - merges: When updates are merged.
  ///   - steps: The planned length of the run; if given, no merge happens within the last gap.
  public init(
    _ optimizer: any Optimizer, training model: some Module,
    merges: MergeSchedule = .exponential(every: 100, growth: 1.2), steps: Int? = nil
  ) {
    self.optimizer = optimizer
    model.nameParameters()
    parameters = model.parameters
    participants = Self.participants(of: model)
    for (name, layer) in participants { layer.join(named: name) }
    let isMerging = participants.contains { $0.layer.followsMergeSchedule }
    self.merges = isMerging ? merges : .never
    mergeSteps = MergeSchedule.Steps(
      of: self.merges, below: steps ?? .max, sparingTail: steps != nil)
    comingMerges = mergeSteps
    nextMerge = comingMerges.next()
  }

  /// The model's participating layers, or the model itself if it is one.
  private static func participants(of model: some Module) -> [(
    name: String, layer: any StepParticipant
  )] {
    if let layer = model as? any StepParticipant { return [("linear", layer)] }
    return model.modules(ofType: (any StepParticipant).self).map { ($0.name, $0.module) }
  }

  /// Whether the next step merges layers.
  public var isMergeDue: Bool {
    nextMerge == step || participants.contains { $0.layer.isMergeDue }
  }

  /// Takes one step on the loss that `loss` computes, in training mode.
  ///
  /// After a merge `loss` is called again on the merged model, and must use the same data.
  ///
  /// Throws `TrainingError` if the loss or gradients have not been finite for `patience` steps in a row, the
  /// error of reading an original matrix, and whatever `loss` throws; every parameter and layer is then in a valid
  /// state, old or new.
  public func step(_ loss: () throws -> Variable) throws -> StepReport {
    try step(over: CollectionOfOne(())) { _ in try loss() }
  }

  /// One step on the loss of several micro-batches together, which are run one after the other.
  ///
  /// A micro-batch weighs by the labels that its loss is a mean over, as the losses of this package tell
  /// by `LabelCount`, so that the step is that of the whole batch; all weigh the same where none tells.
  public func step<MicroBatches: Collection>(
    over microBatches: MicroBatches, _ loss: (MicroBatches.Element) throws -> Variable
  ) throws -> StepReport {
    precondition(!microBatches.isEmpty, "step(over:): no micro-batches")
    var context = StepContext(
      step: step, isMerge: nextMerge == step, microBatches: microBatches.count,
      window: projectionWindow, optimizer: optimizer)
    defer { for (_, layer) in participants { layer.finish(context) } }
    let earlyMerges = participants.compactMap { $0.layer.prepare(context) }
    let isHeldForMerge = measuresLossAfterMerge && participants.contains { $0.layer.isMergeDue }
    let run = StepRun(
      owner: self,
      isCollecting: collectsGradients || microBatches.count > 1 || clippingNorm != nil
        || isHeldForMerge)
    let deferred = participants.compactMap(\.layer.deferredMatrix)
    func checkReading() throws {
      for matrix in deferred { if let failure = matrix.failure { throw failure } }
    }

    var losses = MicroBatchLosses(count: microBatches.count)
    for (index, batch) in microBatches.enumerated() {
      context.microBatch = index
      for (_, layer) in participants { layer.beginMicroBatch(context) }
      let (value, labels) = try training(index) { try LabelCount.counting { try loss(batch) } }
      try checkReading()
      losses.add(value.scalar, labels: labels)
      guard value.scalar.isFinite else { break }
      let share = losses.lastShare
      let seed: AnyTensor =
        value.value.isDouble
        ? .double(Tensor(repeating: share, shape: value.shape))
        : .float(Tensor(repeating: Float(share), shape: value.shape))
      try TensorMemory.counting(as: .activations) {
        try backward(from: value, seed: seed) { event in
          try checkReading()
          try TensorMemory.counting(as: .scratch) { try run.receive(event, context) }
        }
      }
    }
    try checkReading()
    var report = StepReport(
      step: step, loss: losses.mean,
      learningRate: optimizer.learningRate(step))
    guard report.loss.isFinite else {
      report.skipped = ["*"]
      advance(to: step + 1)
      try judge(report)
      return report
    }
    let merged = earlyMerges + run.mergedLayers
    if !merged.isEmpty {
      var merge = MergeReport(
        step: step, layers: merged, lossBefore: report.loss, lossAfter: nil,
        seconds: merged.reduce(0) { $0 + $1.seconds })
      // Merges before the pass change the loss only by rounding.
      if !run.mergedLayers.isEmpty, measuresLossAfterMerge {
        merge.lossAfter = losses.mean(
          of: try withoutGradient {
            try microBatches.enumerated().map { index, batch in
              try training(index) { try loss(batch).scalar }
            }
          })
      }
      report.merge = merge
    }
    run.applyCollected(&report, shareScale: losses.shareScale)
    report.skipped = run.skipped
    (report.liveMemory, report.peakMemory, report.memoryAtPeak) = TensorMemory.ledgers
    advance(to: step + 1)
    try judge(report)
    return report
  }

  /// Counts the steps in a row with numbers that are not finite, and throws when there are too many.
  private func judge(_ report: StepReport) throws(TrainingError) {
    failures = report.skipped.isEmpty ? 0 : failures + 1
    guard failures >= patience else { return }
    throw TrainingError(
      "\(report.skipped == ["*"] ? "The loss has not been a finite number" : "Gradients have not been finite") "
        + "for \(failures) steps in a row, up to step \(step). Lower the learning rate or the scale, or "
        + "lengthen the warm-up.")
  }

  /// Runs the forward pass of a micro-batch in training mode, each time with the same random numbers.
  private func training<R>(_ microBatch: Int, _ body: () throws -> R) rethrows -> R {
    try TensorMemory.counting(as: .activations) {
      if TrainingMode.isOn { return try body() }
      let random = RandomSource(seed: seed).split("training mode")
        .split(UInt64(step)).split(UInt64(microBatch))
      return try withTrainingMode(random: random, body)
    }
  }

  private func advance(to step: Int) {
    self.step = step
    while let next = nextMerge, next < step { nextMerge = comingMerges.next() }
  }

  fileprivate func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, gradientScale: Float
  ) {
    guard let owner = parameter.owner else {
      optimizer.update(parameter, gradient, step: step, gradientScale: gradientScale)
      return
    }
    let gradient = gradient
    owner.update(parameter, step: step) {
      optimizer.update($0, gradient, step: step, gradientScale: gradientScale)
    }
  }

  /// Resumes at a step of a saved run.
  ///
  /// - Parameters:
  ///   - step: Steps taken.
  ///   - names: Names of layers whose merge was still due.
  public func resume(atStep step: Int, due names: [String] = []) {
    comingMerges = mergeSteps
    nextMerge = comingMerges.next()
    advance(to: step)
    for (name, layer) in participants { layer.isMergeDue = names.contains(name) }
  }

  /// Names of the layers whose merge is due but has not happened.
  public var layersDue: [String] {
    participants.filter { $0.layer.isMergeDue }.map(\.name)
  }
}

/// Receives the gradients of one step.
private final class StepRun {
  let owner: Stepper
  let isCollecting: Bool
  private(set) var mergedLayers: [LayerMerge] = []
  private(set) var skipped: [String] = []
  private var gradients: Gradients

  init(owner: Stepper, isCollecting: Bool) {
    self.owner = owner
    self.isCollecting = isCollecting
    gradients = Gradients(storage: owner.gradientStorage)
  }

  func receive(_ event: consuming StreamedGradient, _ context: StepContext) throws {
    switch consume event {
    case .dense(let parameter, let gradient): receive(parameter, gradient)
    case .factors(let handle, let factors):
      guard let layer = handle.owner as? any StepParticipant else { return }
      switch try layer.receive(factors, context) {
      case .merged(let merge)?: mergedLayers.append(merge)
      case .gradient(let parameter, let gradient)?: receive(parameter, gradient)
      case nil: break
      }
    }
  }

  private func receive(_ parameter: Parameter, _ gradient: consuming AnyTensor) {
    if isCollecting {
      gradients.add(gradient, for: parameter)
    } else {
      update(parameter, gradient)
    }
  }

  private func update(_ parameter: Parameter, _ gradient: consuming AnyTensor) {
    let gradient = gradient.float
    guard gradient.allFinite else {
      skipped.append(parameter.name)
      return
    }
    owner.update(parameter, gradient, gradientScale: 1)
  }

  /// Updates the parameters by their collected gradients, those that are not finite left out.
  ///
  /// - Parameters:
  ///   - report: Gets the norm of all.
  ///   - shareScale: What the gradients are still to be multiplied with.
  func applyCollected(_ report: inout StepReport, shareScale: Double) {
    guard isCollecting else { return }
    report.collectedGradientBytes = gradients.byteCount
    var finite: [(parameter: Parameter, gradient: AnyTensor)] = []
    gradients.drain { parameter, gradient in
      if gradient.allFinite {
        finite.append((parameter, gradient))
      } else {
        skipped.append(parameter.name)
      }
    }
    let norm = shareScale * finite.reduce(0) { $0 + $1.gradient.sumOfSquares }.squareRoot()
    report.gradientNorm = norm
    var scale = shareScale
    if let limit = owner.clippingNorm, norm > limit { scale *= limit / norm }
    finite.reverse()
    while let (parameter, gradient) = finite.popLast() {
      owner.update(parameter, gradient.float, gradientScale: Float(scale))
    }
  }
}
