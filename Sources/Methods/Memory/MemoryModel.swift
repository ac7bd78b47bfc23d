public import Autodiff
public import LanguageModels
internal import Layers
internal import Optimizers
internal import Tensors

/// Predicts the bytes of a run from its settings: exactly what the live objects hold after the first
/// two steps. It does not predict `other`, which depends on the machine.
public struct MemoryModel: Sendable {
  let model: any ModelConfiguration
  let shapes: [LinearShape]
  /// The shapes of everything that is not a linear layer of a block.
  private let restShapes: [Shape]
  /// Whether the second of them is an untied head.
  let isUntied: Bool

  /// The memory of runs of a model.
  public init(_ model: any ModelConfiguration) {
    self.model = model
    shapes = model.linearShapes
    isUntied = !model.tiesEmbeddings
    restShapes = model.restShapes
  }

  /// The bytes of a plan; a rank by energy counts as the largest it may choose.
  ///
  /// - Parameters:
  ///   - plan: How the linear layers are held and trained.
  ///   - storage: How B, embedding, head and dense matrices are held.
  public func breakdown(
    _ plan: MethodPlan, storage: ParameterStorage = .float32
  ) -> MemoryBreakdown {
    let step = StepShape(storage: storage)
    var bytes = MemoryBreakdown()
    var largest = 0
    /// Elements of layers that the method does not apply to.
    var otherCount = 0
    for layer in shapes {
      let (cost, optimizer) = plan.cost(of: layer, in: step)
      bytes.weights += cost.weights
      bytes.projections += cost.projections
      bytes.adapters += cost.adapters
      for shape in cost.moments { bytes.optimizer += optimizer.stateByteCount(shape: shape) }
      largest = max(largest, cost.gradients.max() ?? 0)
      if !plan.isChosen(layer.name) { otherCount += layer.elementCount }
    }
    // At a merge inside the backward pass, the gradients of other parameters are held until the loss after
    // the merge is measured.
    let isTrained = restShapes.indices.map {
      $0 == 0 ? plan.trainsEmbedding : $0 == 1 && isUntied ? plan.trainsHead : true
    }
    let trained = zip(restShapes, isTrained).filter(\.1).map(\.0)
    let counts = trained.map(\.elementCount)
    largest = max(largest, counts.max() ?? 0)
    if plan.layers.mergesInBackward { largest = max(largest, counts.reduce(otherCount, +)) }
    bytes.gradients = 4 * largest
    bytes.weights += restShapes.reduce(0) {
      $0 + ($1.rank == 1 ? 4 : storage.byteCount) * $1.elementCount
    }
    bytes.optimizer += trained.reduce(0) {
      $0 + plan.restOptimizer.stateByteCount(shape: $1)
    }
    return bytes
  }

  /// What a run holds between two steps, including copies for reports.
  public func state(_ plan: MethodPlan, storage: ParameterStorage = .float32) -> MemoryBreakdown {
    var bytes = breakdown(plan, storage: storage)
    bytes.gradients = 0
    let step = StepShape(storage: storage)
    bytes.adapters += shapes.reduce(0) { $0 + plan.cost(of: $1, in: step).0.records }
    return bytes
  }
}
