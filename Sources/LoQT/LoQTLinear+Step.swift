public import Autodiff
public import Layers
public import Optimizers
public import Quantization
public import Stepping
import Tensors

extension LoQTLinear: StepParticipant {
  /// Gives the handle the layer's name, which merge reports use.
  public func join(named name: String) { handle.name = name }

  /// True.
  public var followsMergeSchedule: Bool { true }

  /// The original W if it is read from a file.
  public var deferredMatrix: DeferredTensor? { original }

  /// Freezes B in a step that merges. A layer whose B is not trained has nothing to merge and takes no
  /// part.
  public func prepare(_ step: StepContext) -> LayerMerge? {
    guard factor.isTrainable else { return nil }
    if step.isMerge { isMergeDue = true }
    isMerging = isMergeDue
    if isMerging { factor.isTrainable = false }
    return nil
  }

  /// Requests the gradient of W in a step that merges.
  public func beginMicroBatch(_ step: StepContext) {
    handle.isGradientRequested = isMerging && (step.isLastMicroBatch || step.window != .last)
  }

  /// Merges the layer with the gradient of the whole step, in the last micro-batch's backward pass.
  public func receive(_ gradient: FactoredGradient, _ step: StepContext) -> LayerEvent? {
    // If the loss uses the layer again after it has merged in this pass, that gradient comes too late.
    guard isMergeDue else { return nil }
    let whole: ProjectionGradient
    if step.microBatches > 1 {
      var sum =
        window.take()
        ?? GradientWindow(
          rule: step.window, side: side, rank: largestRank,
          random: RandomSource(seed: UInt64(step.step)).split(handle.name))
      guard step.isLastMicroBatch else {
        sum.add(gradient)
        window = sum
        return nil
      }
      whole = sum.finish(gradient)
    } else {
      whole = .factors(gradient)
    }
    isMergeDue = false
    return .merged(
      TensorMemory.counting(as: .projectionEvent) {
        merge(whole, step: step.step, optimizer: step.optimizer)
      })
  }

  /// Unfreezes B.
  public func finish(_ step: StepContext) {
    if isMerging { factor.isTrainable = true }
    isMerging = false
    window = nil
    handle.isGradientRequested = false
  }

  /// `factor_at_start`: B right after the last merge, if recorded; a single 0 if it was zeros.
  public var stepState: TensorParts {
    guard let record else { return TensorParts() }
    return TensorParts(
      floats: ["factor_at_start": record.byteCount == 0 ? Tensor(0) : record.tensor])
  }

  /// Restores `factor_at_start`. Throws if its shape is not that of B.
  public func restore(stepState: TensorParts) throws(OptimizerError) {
    guard var start = stepState.floats["factor_at_start"] else { return }
    if start.shape == [] { start = start.broadcast(to: factor.shape) }
    guard start.shape == factor.shape else {
      throw OptimizerError(
        "factor_at_start: expected shape \(factor.shape); found \(start.shape)")
    }
    restore(
      weight: weight, projection: projection, factor: factor.tensor, factorAtStart: start)
  }
}

extension Stepper {
  /// The model's LoQT layers with their dotted names.
  public var layers: [(name: String, layer: LoQTLinear)] {
    participants.compactMap { participant in
      (participant.layer as? LoQTLinear).map { (participant.name, $0) }
    }
  }
}

/// The former name of `Stepper`.
@available(*, deprecated, renamed: "Stepper")
public typealias LoQTOptimizer = Stepper
