public import Autodiff
public import Layers
public import Optimizers
public import QuantizedLayers
import Tensors

/// Owns the time of a training run: the step, its micro-batches, the learning rate, clipping, the
/// guard against numbers that are not finite, and the merges of LoQT layers (loqt-algorithm,
/// section 2).
///
/// Without clipping and accumulation each parameter is updated inside the backward pass, the moment
/// its gradient is complete, and no gradient is held. A LoQT layer is merged inside its own backward,
/// so only one layer is ever in full precision; at that step B does not move. To measure the loss
/// right after a merge, before anything else moves, the other parameters' gradients are held during
/// that step. Models without LoQT layers are trained the same way, with no merges.
public final class LoQTOptimizer {
  /// What changes the parameters.
  public let optimizer: any Optimizer
  /// When updates are merged.
  public let merges: MergeSchedule
  /// Gradients are scaled down to this global norm when they exceed it.
  public var clippingNorm: Double?
  /// Whether every step holds its gradients until the backward pass is over. Clipping and accumulation
  /// need it and do it anyway; otherwise it only takes memory.
  public var collectsGradients = false
  /// How gradients are held that are collected.
  public var gradientStorage = ParameterStorage.float32
  /// Which gradient the projections are taken from when steps accumulate.
  public var projectionWindow = ProjectionWindow.sketch
  /// Whether the loss is computed again right after each merge, for its report. Costs one more
  /// forward pass, and the gradients of the step are held until it is done.
  public var measuresLossAfterMerge = true
  /// Steps in a row with a loss that is not finite after which training stops with an error.
  public var patience = 5
  /// The number of steps taken.
  public private(set) var step = 0
  /// The model's LoQT layers with their dotted names.
  public let layers: [(name: String, layer: LoQTLinear)]
  /// The model's adapters that are merged from time to time, with their dotted names.
  public let mergedAdapters: [(name: String, layer: AdapterLinear)]
  /// The model's packed trained layers with their dotted names.
  public let packedLayers: [(name: String, layer: PackedLinear)]

  /// The model's parameters, each once.
  let parameters: [Parameter]
  private let mergeSteps: MergeSchedule.Steps
  private var comingMerges: MergeSchedule.Steps
  /// The first merge step that is not before `step`.
  private var nextMerge: Int?
  private let byHandle: [ObjectIdentifier: LoQTLinear]
  /// Packed layers by their handles and by the parameters that stand for them.
  private let packed: [ObjectIdentifier: PackedLinear]
  private var due: Set<ObjectIdentifier> = []
  private var failures = 0

  /// An optimizer for the parameters of a model.
  ///
  /// - Parameters:
  ///   - optimizer: What changes the parameters: AdamW, GaLore.
  ///   - model: Its parameters and frozen matrices get their dotted names.
  ///   - merges: When updates are merged.
  ///   - steps: The planned length of the run; then no merge happens within the last gap.
  public init(
    _ optimizer: any Optimizer, training model: some Module,
    merges: MergeSchedule = .exponential(every: 100, growth: 1.2), steps: Int? = nil
  ) {
    self.optimizer = optimizer
    model.nameParameters()
    parameters = model.parameters
    layers = Self.layers(of: model)
    for (name, layer) in layers { layer.handle.name = name }
    byHandle = Dictionary(
      uniqueKeysWithValues: layers.map { (ObjectIdentifier($0.layer.handle), $0.layer) })
    mergedAdapters = Self.layers(of: model).filter { $0.layer.configuration.mergePruning != nil }
    packedLayers = Self.layers(of: model)
    packed = Dictionary(
      uniqueKeysWithValues: packedLayers.flatMap {
        [
          (ObjectIdentifier($0.layer.handle), $0.layer),
          (ObjectIdentifier($0.layer.parameter), $0.layer),
        ]
      })
    self.merges = layers.isEmpty && mergedAdapters.isEmpty ? .never : merges
    mergeSteps = MergeSchedule.Steps(
      of: self.merges, below: steps ?? .max, sparingTail: steps != nil)
    comingMerges = mergeSteps
    nextMerge = comingMerges.next()
  }

  /// The model's layers of a type; the model itself when it is one.
  private static func layers<Layer>(of model: some Module) -> [(name: String, layer: Layer)] {
    if let layer = model as? Layer { return [("linear", layer)] }
    return model.modules(ofType: Layer.self).map { ($0.name, $0.module) }
  }

  /// Whether the next step merges layers.
  public var isMergeDue: Bool { nextMerge == step || !due.isEmpty }

  /// One step on the loss that `loss` computes.
  ///
  /// Right after a merge `loss` is called a second time, on the merged model; it must use the same
  /// data again.
  ///
  /// Throws `TrainingError` when the loss has not been finite for too many steps in a row, what
  /// reading an original matrix threw, and whatever `loss` throws; then every parameter and layer is in a
  /// valid state, old or new.
  public func step(_ loss: () throws -> Variable) throws -> StepReport {
    try step(over: CollectionOfOne(())) { _ in try loss() }
  }

  /// One step on the mean loss of several micro-batches, which are run one after the other.
  public func step<MicroBatches: Collection>(
    over microBatches: MicroBatches, _ loss: (MicroBatches.Element) throws -> Variable
  ) throws -> StepReport {
    precondition(!microBatches.isEmpty, "step(over:): no micro-batches")
    if nextMerge == step { due = Set(layers.map { ObjectIdentifier($0.layer.handle) }) }
    let adapterMerges = nextMerge == step ? mergeAdapters() : []
    let run = StepRun(
      owner: self, microBatches: microBatches.count,
      isCollecting: collectsGradients || microBatches.count > 1 || clippingNorm != nil
        || (!due.isEmpty && measuresLossAfterMerge))
    let wereTrainable = prepareMerge()
    defer { for layer in wereTrainable { layer.factor.isTrainable = true } }
    defer { for (_, layer) in layers { layer.handle.isGradientRequested = false } }
    let originals = layers.compactMap(\.layer.original)
    func checkOriginals() throws {
      for original in originals { if let failure = original.failure { throw failure } }
    }

    var losses: [Double] = []
    for (index, batch) in microBatches.enumerated() {
      run.isLastMicroBatch = index == microBatches.count - 1
      request(on: run.isLastMicroBatch || projectionWindow != .last)
      let value = try TensorMemory.counting(as: .activations) { try loss(batch) }
      try checkOriginals()
      losses.append(value.scalar)
      guard value.scalar.isFinite else { break }
      let share = Double(1) / Double(microBatches.count)
      let seed: AnyTensor =
        value.value.isDouble
        ? .double(Tensor(repeating: share, shape: value.shape))
        : .float(Tensor(repeating: Float(share), shape: value.shape))
      try TensorMemory.counting(as: .activations) {
        try backward(from: value, seed: seed) { event in
          try checkOriginals()
          TensorMemory.counting(as: .scratch) { run.receive(event) }
        }
      }
    }
    try checkOriginals()
    var report = StepReport(
      step: step, loss: losses.reduce(0, +) / Double(losses.count),
      learningRate: optimizer.learningRate(step))
    guard report.loss.isFinite else {
      failures += 1
      report.skipped = ["*"]
      advance(to: step + 1)
      guard failures < patience else {
        throw TrainingError(
          "The loss has not been a finite number for \(failures) steps in a row, up to step "
            + "\(step - 1). Lower the learning rate or the scale, or lengthen the warm-up.")
      }
      return report
    }
    failures = 0
    if !adapterMerges.isEmpty {
      // They are merged before the forward pass, without a change of the loss but for rounding.
      report.merge = MergeReport(
        step: step, layers: adapterMerges, lossBefore: report.loss, lossAfter: nil,
        seconds: adapterMerges.reduce(0) { $0 + $1.seconds })
    }
    if !run.mergedLayers.isEmpty {
      var merge = MergeReport(
        step: step, layers: adapterMerges + run.mergedLayers, lossBefore: report.loss,
        lossAfter: nil,
        seconds: (adapterMerges + run.mergedLayers).reduce(0) { $0 + $1.seconds })
      if measuresLossAfterMerge {
        merge.lossAfter =
          try TensorMemory.counting(as: .activations) {
            try withoutGradient { try microBatches.map { try loss($0).scalar } }.reduce(0, +)
          }
          / Double(microBatches.count)
      }
      report.merge = merge
    }
    run.applyCollected(&report)
    report.skipped = run.skipped
    (report.liveMemory, report.peakMemory, report.memoryAtPeak) = TensorMemory.ledgers
    advance(to: step + 1)
    return report
  }

  private func advance(to step: Int) {
    self.step = step
    while let next = nextMerge, next < step { nextMerge = comingMerges.next() }
  }

  /// Merges the adapters; at step 0 there is nothing to merge.
  private func mergeAdapters() -> [LayerMerge] {
    step == 0 ? [] : mergedAdapters.map { $0.layer.merge(named: $0.name, step: step, optimizer) }
  }

  /// B neither moves nor gets a gradient in the step that merges its layer.
  private func prepareMerge() -> [LoQTLinear] {
    let affected = layers.map(\.layer).filter {
      due.contains(ObjectIdentifier($0.handle)) && $0.factor.isTrainable
    }
    for layer in affected { layer.factor.isTrainable = false }
    return affected
  }

  private func request(on isWanted: Bool) {
    for (_, layer) in layers {
      layer.handle.isGradientRequested = isWanted && due.contains(ObjectIdentifier(layer.handle))
    }
  }

  /// Merges a layer; it is no longer due.
  fileprivate func merge(_ handle: FrozenMatrix, _ gradient: ProjectionGradient) -> LayerMerge? {
    guard due.remove(ObjectIdentifier(handle)) != nil,
      let layer = byHandle[ObjectIdentifier(handle)]
    else { return nil }
    return TensorMemory.counting(as: .projectionEvent) {
      layer.merge(gradient, step: step, optimizer: optimizer)
    }
  }

  /// The parameter that stands for a packed matrix, nil when the handle is not that of one.
  fileprivate func parameter(of handle: FrozenMatrix) -> Parameter? {
    guard let layer = packed[ObjectIdentifier(handle)] else { return nil }
    layer.parameter.name = handle.name
    return layer.parameter
  }

  fileprivate func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, gradientScale: Float
  ) {
    guard let layer = packed[ObjectIdentifier(parameter)] else {
      optimizer.update(parameter, gradient, step: step, gradientScale: gradientScale)
      return
    }
    let gradient = gradient
    layer.update(step: step) {
      optimizer.update($0, gradient, step: step, gradientScale: gradientScale)
    }
  }

  fileprivate func window(for handle: FrozenMatrix) -> GradientWindow? {
    byHandle[ObjectIdentifier(handle)].map {
      GradientWindow(
        rule: projectionWindow, side: $0.side, rank: $0.largestRank,
        random: RandomSource(seed: UInt64(step)).split(handle.name))
    }
  }

  /// Goes on from a saved run.
  ///
  /// - Parameters:
  ///   - step: Steps taken.
  ///   - due: Names of layers whose merge had not happened yet.
  public func resume(atStep step: Int, due names: [String] = []) {
    comingMerges = mergeSteps
    nextMerge = comingMerges.next()
    advance(to: step)
    due = Set(
      layers.filter { names.contains($0.name) }.map { ObjectIdentifier($0.layer.handle) })
  }

  /// Names of the layers whose merge is due but has not happened.
  public var layersDue: [String] {
    layers.filter { due.contains(ObjectIdentifier($0.layer.handle)) }.map(\.name)
  }
}

/// What receives the gradients of one step.
private final class StepRun {
  let owner: LoQTOptimizer
  let isCollecting: Bool
  var isLastMicroBatch = false
  private(set) var mergedLayers: [LayerMerge] = []
  private(set) var skipped: [String] = []
  private var gradients: Gradients
  private var windows: [ObjectIdentifier: GradientWindow] = [:]
  private let microBatches: Int

  init(owner: LoQTOptimizer, microBatches: Int, isCollecting: Bool) {
    self.owner = owner
    self.microBatches = microBatches
    self.isCollecting = isCollecting
    gradients = Gradients(storage: owner.gradientStorage)
  }

  func receive(_ event: consuming StreamedGradient) {
    switch consume event {
    case .dense(let parameter, let gradient): receive(parameter, gradient)
    case .factors(let handle, let factors):
      if let parameter = owner.parameter(of: handle) {
        receive(parameter, AnyTensor(matmul(factors.d.transposed(), factors.x)))
        return
      }
      let key = ObjectIdentifier(handle)
      guard microBatches > 1 else {
        if let merged = owner.merge(handle, .factors(factors)) { mergedLayers.append(merged) }
        return
      }
      guard var window = windows.removeValue(forKey: key) ?? owner.window(for: handle) else {
        return
      }
      if isLastMicroBatch {
        if let merged = owner.merge(handle, window.finish(factors)) { mergedLayers.append(merged) }
      } else {
        window.add(factors)
        windows[key] = window
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
  func applyCollected(_ report: inout StepReport) {
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
    let norm = finite.reduce(0) { $0 + $1.gradient.sumOfSquares }.squareRoot()
    report.gradientNorm = norm
    var scale: Float = 1
    if let limit = owner.clippingNorm, norm > limit { scale = Float(limit / norm) }
    finite.reverse()
    while let (parameter, gradient) = finite.popLast() {
      owner.update(parameter, gradient.float, gradientScale: scale)
    }
  }
}
