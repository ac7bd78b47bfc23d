internal import Autodiff
internal import LanguageModels
internal import Layers
internal import Optimizers

/// The shape of a training step's batches.
public struct BatchShape: Sendable, Hashable, Codable {
  /// Sequences per micro-batch.
  public var batch: Int
  /// Sequences per micro-batch in a step that merges.
  public var mergeBatch: Int
  /// Tokens per sequence.
  public var sequence: Int
  /// Micro-batches per step.
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
  /// The bytes of tensors by kind at the peak of the most demanding step; `other` is 0.
  ///
  /// With T tokens, h hidden, v vocabulary and L blocks, a block keeps T times its `activations.kept`
  /// elements for the backward pass, plus those of trained factors; a recomputed block keeps T h until
  /// its backward pass. Candidates for the peak are the head, a block's backward pass, its merge, the
  /// embedding, and the updates after the pass when gradients are collected.
  public func peak(
    _ plan: MethodPlan, memory: MemoryOptions = MemoryOptions(), batch: BatchShape
  ) -> MemoryBreakdown {
    let ordinary = moments(plan, memory, batch, isMerge: false)
    let merges = plan.layers.mergesInBackward && plan.merges.gap != nil
    let merge = merges ? moments(plan, memory, batch, isMerge: true) : []
    return (ordinary + merge).max { $0.total < $1.total } ?? MemoryBreakdown()
  }

  private func moments(
    _ plan: MethodPlan, _ options: MemoryOptions, _ batch: BatchShape, isMerge: Bool
  ) -> [MemoryBreakdown] {
    let state = state(plan, storage: options.storage)
    let (h, v, blocks) = (model.hiddenSize, model.vocabularySize, model.blockCount)
    let t = (isMerge ? batch.mergeBatch : batch.batch) * batch.sequence
    let layer = LayerMemory(
      largestOf: self, plan, StepShape(tokens: t, storage: options.storage))

    let low = isMerge ? 0 : layer.keptPerToken
    let block = t * (model.activations.kept + low)
    let kept = options.checkpointsActivations ? t * h : block
    let logits = model.logitElementCount(tokens: t)

    // Bytes of gradients that are held until the end of the pass.
    let element = options.storage.byteCount
    let isCollecting = options.collects(microBatches: batch.microBatches)
    let holdsRest =
      isCollecting || (isMerge && options.updates == .automatic)
    let embeddingCount = plan.trainsEmbedding ? v * h : 0
    let headCount =
      !model.predictsTokens ? 0 : isUntied ? (plan.trainsHead ? v * h : 0) : embeddingCount
    let headHeld = holdsRest ? element * headCount : (isUntied ? 0 : 4 * headCount)
    // A tied head has given the embedding a gradient when its own comes.
    let isFresh = isUntied || !model.predictsTokens
    let embeddingHeld = holdsRest && isFresh ? element * embeddingCount : 0
    let layersHeld = isCollecting && !isMerge ? element * layer.trainedCount : 0
    // A gradient being narrowed to 16 bits exists twice.
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
    let earlier = batch.microBatches > 1 ? layersHeld + headHeld + embeddingHeld : 0
    let panel = options.storage == .bfloat16 ? min(16 << 20, 4 * v * h) : 0
    let atHead = 4 * (blocks * kept + t * (3 * h + 1) + logits)
    moment(
      gradients: (4 + narrowed) * headCount + earlier, activations: atHead, scratch: panel,
      event: window)
    let before = (blocks - 1) * kept
    let inBlock = 4 * (before + block + t * model.activations.backward)
    // The backward pass begins with the last block; most gradients are held when it reaches the first.
    for index in [blocks - 1, 0] {
      let share = isCollecting ? (blocks - 1 - index) : 0
      let held = max(earlier, headHeld + layersHeld * share / max(1, blocks))
      let activations = inBlock - 4 * (blocks - 1 - index) * kept
      let fresh = isMerge ? 0 : (4 + narrowed) * layer.gradientCount
      moment(
        gradients: held + fresh, activations: activations, scratch: layer.scratchBytes,
        event: window)
      if isMerge {
        moment(
          gradients: held, activations: activations, scratch: 0, event: window + layer.mergeBytes)
      }
    }
    let embeddingFresh = isFresh ? (4 + narrowed) * embeddingCount : 0
    moment(
      gradients: max(earlier, headHeld + layersHeld) + embeddingFresh, activations: 4 * t * h)
    if holdsRest {
      // Each gradient is widened for its update.
      let widest = max(headCount, embeddingCount, layer.gradientCount)
      moment(
        gradients: layersHeld + headHeld + embeddingHeld, activations: 0,
        scratch: options.storage == .bfloat16 ? 4 * widest : 0)
    }
    if isMerge, layer.original > 0, !plan.readsOriginals {
      // Before their first merge the layers hold only B and their matrices in full precision.
      var bytes = state
      bytes.weights += layer.original
      bytes.projections = 0
      bytes.optimizer = 0
      bytes.gradients = (4 + narrowed) * headCount
      bytes.activations = atHead
      moments.append(bytes)
    }
    return moments
  }
}

/// The linear layers' contribution to a moment of a step.
private struct LayerMemory {
  /// Elements per token that a block keeps for its trained factors' gradients.
  var keptPerToken = 0
  /// Elements of the largest gradient of a layer, and of all gradients.
  var gradientCount = 0
  var trainedCount = 0
  /// Copies in single precision and panels, during a layer's backward pass.
  var scratchBytes = 0
  /// Bytes needed to merge a layer.
  var mergeBytes = 0
  /// Bytes of the sketches of all layers' gradients.
  var sketchBytes = 0
  /// Additional bytes of all matrices before their first merge.
  var original = 0

  init(largestOf memory: MemoryModel, _ plan: MethodPlan, _ step: StepShape) {
    let layersPerBlock = memory.shapes.count / max(1, memory.model.blockCount)
    for (index, layer) in memory.shapes.enumerated() {
      let (cost, _) = plan.cost(of: layer, in: step)
      gradientCount = max(gradientCount, cost.gradients.max() ?? 0)
      trainedCount += cost.gradients.reduce(0, +)
      scratchBytes = max(scratchBytes, cost.scratch)
      mergeBytes = max(mergeBytes, cost.merge)
      sketchBytes += cost.sketch
      original += cost.original
      if index < layersPerBlock { keptPerToken += cost.keptPerToken }
    }
  }
}
