public import Autodiff
internal import LanguageModels
internal import Layers
internal import LoQT
internal import Optimizers
internal import Quantization
internal import Stepping
internal import Tensors

/// The tokens of a training step.
public struct BatchShape: Sendable, Hashable, Codable {
  /// Sequences of a micro-batch.
  public var batch: Int
  /// Sequences of a micro-batch of a step that merges.
  public var mergeBatch: Int
  /// Tokens of a sequence.
  public var sequence: Int
  /// Micro-batches of a step.
  public var microBatches: Int

  /// The shape of a step.
  public init(batch: Int, mergeBatch: Int? = nil, sequence: Int, microBatches: Int = 1) {
    self.batch = batch
    self.mergeBatch = mergeBatch ?? batch
    self.sequence = sequence
    self.microBatches = microBatches
  }
}

extension MemoryModel {
  /// The bytes of tensors by kind when they are most: the worst moment of the worst step. `other` is
  /// left at 0.
  ///
  /// With T tokens, h hidden, q = heads · headSize, k = keyHeads · headSize, f intermediate, v
  /// vocabulary, L blocks, a block keeps A = T (2 h + 2 q + 2 k + 2 f + heads + 2) elements for the
  /// backward pass (see `LlamaConfiguration.stepPeakByteCount`), and T r more for each layer that is
  /// reached through a trained factor; where it is recomputed, T h until its turn comes. The moments
  /// are the head, a block's feed-forward part, its merge, the embedding, and the updates after the
  /// pass where gradients are collected.
  public func peak(
    _ plan: MethodPlan, memory: MemoryOptions = MemoryOptions(), batch: BatchShape
  ) -> MemoryBreakdown {
    let ordinary = moments(plan, memory, batch, isMerge: false)
    let merge = hasMerges(plan) ? moments(plan, memory, batch, isMerge: true) : []
    return (ordinary + merge).max { $0.total < $1.total } ?? MemoryBreakdown()
  }

  private func hasMerges(_ plan: MethodPlan) -> Bool {
    if case .loqt = plan.layers { plan.merges.gap != nil } else { false }
  }

  /// What a run holds between two steps, the copies of B that survival is measured by included.
  public func state(_ plan: MethodPlan, storage: ParameterStorage = .float32) -> MemoryBreakdown {
    var bytes = breakdown(plan, storage: storage)
    bytes.gradients = 0
    if case .loqt(let loqt, _) = plan.layers, loqt.recordsSurvival, loqt.compensationSteps > 0,
      loqt.weightFormat != .float32
    {
      bytes.adapters *= 2
    }
    return bytes
  }

  private func moments(
    _ plan: MethodPlan, _ options: MemoryOptions, _ batch: BatchShape, isMerge: Bool
  ) -> [MemoryBreakdown] {
    let state = state(plan, storage: options.storage)
    let (h, f, v) = (model.hiddenSize, model.intermediateSize, model.vocabularySize)
    let (q, k) = (model.heads * model.headSize, model.keyHeads * model.headSize)
    let t = (isMerge ? batch.mergeBatch : batch.batch) * batch.sequence
    let layer = LayerMemory(largestOf: self, plan, options.storage, tokens: t)

    let low = isMerge ? 0 : layer.keptPerToken
    let block = t * (2 * h + 2 * q + 2 * k + 2 * f + model.heads + 2 + low)
    let kept = options.checkpointsActivations ? t * h : block
    let fitting = (32 << 20) / (4 * v)
    let logits = v * min(t, max(1, fitting > 16 ? fitting & ~15 : fitting))

    // Bytes of gradients that wait for the end of the pass.
    let element = options.storage.byteCount
    let isCollecting = options.collects(microBatches: batch.microBatches)
    let holdsRest =
      isCollecting || (isMerge && options.updates == .automatic)
    let headCount = isUntied ? (plan.trainsHead ? v * h : 0) : (plan.trainsEmbedding ? v * h : 0)
    let embeddingCount = plan.trainsEmbedding ? v * h : 0
    let headHeld = holdsRest ? element * headCount : (isUntied ? 0 : 4 * headCount)
    let layersHeld = isCollecting && !isMerge ? element * layer.trainedCount : 0
    // While one is brought into 16 bits it is there twice.
    let narrowed = options.storage == .bfloat16 && holdsRest ? 2 : 0

    var moments: [MemoryBreakdown] = []
    func moment(
      gradients: Int, activations: Int, scratch: Int = 0, event: Int = 0
    ) {
      var bytes = state
      bytes.gradients = gradients
      bytes.activations = activations
      bytes.scratch = scratch
      bytes.projectionEvent = event
      moments.append(bytes)
    }
    let window = batch.microBatches > 1 && isMerge ? layer.sketchBytes : 0
    let earlier = batch.microBatches > 1 ? layersHeld + headHeld : 0
    let panel = options.storage == .bfloat16 ? min(16 << 20, 4 * v * h) : 0
    let atHead = 4 * (model.layers * kept + t * (3 * h + 1) + logits)
    moment(
      gradients: (4 + narrowed) * headCount + earlier, activations: atHead, scratch: panel,
      event: window)
    let before = (model.layers - 1) * kept
    let inBlock = 4 * (before + block + t * h + 2 * t * f)
    // The last block is the first on the way back, the first one holds most gradients.
    for index in [model.layers - 1, 0] {
      let share = isCollecting ? (model.layers - 1 - index) : 0
      let held = max(earlier, headHeld + layersHeld * share / max(1, model.layers))
      let activations = inBlock - 4 * (model.layers - 1 - index) * kept
      let fresh = isMerge ? 0 : (4 + narrowed) * layer.gradientCount
      moment(
        gradients: held + fresh, activations: activations, scratch: layer.scratchBytes,
        event: window)
      if isMerge {
        moment(
          gradients: held, activations: activations, scratch: 0, event: window + layer.mergeBytes)
      }
    }
    let embeddingFresh = isUntied ? (4 + narrowed) * embeddingCount : 0
    moment(
      gradients: max(earlier, headHeld + layersHeld) + embeddingFresh, activations: 4 * t * h)
    if holdsRest {
      // Each is widened for its update.
      let widest = max(headCount, embeddingCount, layer.gradientCount)
      let embeddingHeld = isUntied ? element * embeddingCount : 0
      moment(
        gradients: layersHeld + headHeld + embeddingHeld, activations: 0,
        scratch: options.storage == .bfloat16 ? 4 * widest : 0)
    }
    if isMerge, let original = originalWeights(plan) {
      // Before their first merge the layers hold their matrices whole, and nothing else but B.
      var bytes = state
      bytes.weights += original
      bytes.projections = 0
      bytes.optimizer = 0
      bytes.gradients = (4 + narrowed) * headCount
      bytes.activations = atHead
      moments.append(bytes)
    }
    return moments
  }

  /// What the matrices of LoQT layers take more before their first merge, nil where nothing.
  private func originalWeights(_ plan: MethodPlan) -> Int? {
    guard case .loqt(let loqt, _) = plan.layers, loqt.keepsOriginalWeight, !plan.readsOriginals,
      loqt.weightFormat != .float32
    else { return nil }
    return shapes.filter { plan.isChosen($0.name) }.reduce(0) {
      $0 + 4 * $1.out * $1.in - loqt.weightFormat.byteCount(shape: [$1.out, $1.in])
    }
  }
}

/// What the linear layers add to a moment of a step.
private struct LayerMemory {
  /// Elements a token that a block keeps for its trained factors.
  var keptPerToken = 0
  /// Elements of the largest trained matrix, and of all.
  var gradientCount = 0
  var trainedCount = 0
  /// Copies in single precision and panels, during a layer's backward pass.
  var scratchBytes = 0
  /// What merging a layer takes.
  var mergeBytes = 0
  /// Sketches of all layers' gradients.
  var sketchBytes = 0

  init(
    largestOf memory: MemoryModel, _ plan: MethodPlan, _ storage: ParameterStorage, tokens: Int
  ) {
    let widened = storage == .bfloat16 ? 4 : 0
    let panels = 2 * (4 << 20)
    for (index, (name, out, input)) in memory.shapes.enumerated() {
      let r = plan.rank?.largest(out: out, in: input) ?? 0
      let isLeft = plan.side.side(out: out, in: input) == .left
      let (short, long) = isLeft ? (input, out) : (out, input)
      let isFirstBlock = index < memory.shapes.count / max(1, memory.model.layers)
      var trained = 0
      var scratch = 0
      guard plan.isChosen(name) else {
        gradientCount = max(gradientCount, out * input)
        trainedCount += out * input
        scratchBytes = max(scratchBytes, widened * out * input)
        continue
      }
      switch plan.layers {
      case .frozen: scratch = widened * out * input
      case .dense(let packed):
        trained = out * input
        scratch = packed == nil ? widened * out * input : 4 * out * input + panels
      case .subspace(let subspace, let packed):
        trained = out * input
        scratch =
          4 * r * (2 * long + 2 * short)
          + (packed == nil ? widened * out * input : 4 * out * input + panels)
        if case .withResidual = subspace.rule { scratch += 4 * out * input }
      case .adapter:
        trained = r * max(out, input)
        trainedCount += r * short
        scratch = widened * r * (out + input) + panels
        if isFirstBlock { keptPerToken += r }
      case .loqt(let loqt, _):
        trained = r * long
        // B and P as floats, and panels of W.
        scratch = widened * r * long + 4 * r * short + panels
        if isFirstBlock, isLeft { keptPerToken += r }
        // W, B and P as floats; what finding P takes.
        let merging = 4 * (out * input + r * (2 * long + 3 * short)) + panels
        let finding = 4 * (r + 8) * (2 * long + 4 * short)
        mergeBytes = max(mergeBytes, max(merging, finding))
        sketchBytes += 4 * (r + 8) * short
        if loqt.compensationSteps > 0, loqt.weightFormat != .float32 {
          mergeBytes = max(
            mergeBytes,
            merging + 4 * r * (2 * long) + loqt.weightFormat.byteCount(shape: [out, input]))
        }
      }
      gradientCount = max(gradientCount, trained)
      trainedCount += trained
      scratchBytes = max(scratchBytes, scratch)
    }
  }
}

extension TrainingConfiguration {
  /// The tokens of its steps.
  public var batchShape: BatchShape {
    BatchShape(
      batch: batchSize / microBatches, mergeBatch: mergeBatchSize / microBatches,
      sequence: sequence, microBatches: microBatches)
  }
}
