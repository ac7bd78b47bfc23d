public import Autodiff
public import Layers
public import Optimizers
public import Quantization

/// A layer with an active part in training steps beyond owning parameters: it may request the gradient
/// of a matrix it does not train, merge updates, mask, or round what an optimizer has changed.
///
/// A `Stepper` finds these layers in a model and calls them in this order: `join` once; then in each step
/// `prepare`, for each micro-batch `beginMicroBatch` and one `receive` per gradient that arrives in the
/// backward pass, and `finish`, which is called even if the step throws. All except `join` have defaults
/// that do nothing.
///
/// Gradients are routed by `FrozenMatrix.owner`: a layer sets its handle's owner to itself.
public protocol StepParticipant: AnyObject {
  /// Tells the layer its dotted name within the model.
  func join(named name: String)

  /// Whether the layer acts at the steps of the merge schedule. A model without such layers has no
  /// merges.
  var followsMergeSchedule: Bool { get }

  /// Whether a merge of the layer was due at an earlier step and has not happened yet, for example
  /// because the step was skipped. Saved with a run.
  var isMergeDue: Bool { get set }

  /// The matrix that the layer reads from a file at each use instead of holding it. If reading fails, the
  /// step throws the error before anything is updated with wrong numbers.
  var deferredMatrix: DeferredTensor? { get }

  /// Parameters that represent matrices in another form and are not among the model's: their `owner`
  /// provides the elements while an optimizer updates them.
  var standInParameters: [Parameter] { get }

  /// Called before the first forward pass of a step.
  ///
  /// - Returns: A report if the layer merges before the pass.
  func prepare(_ step: StepContext) -> LayerMerge?

  /// Called before the forward pass of each micro-batch, in time to request gradients.
  func beginMicroBatch(_ step: StepContext)

  /// Called inside the backward pass with a requested gradient of a matrix, complete for this micro-batch.
  /// The pass has no further use of the matrix, so the layer may replace it here.
  func receive(_ gradient: FactoredGradient, _ step: StepContext) throws -> LayerEvent?

  /// Called after the step, whether it succeeded or not.
  func finish(_ step: StepContext)

  /// The layer's state between steps beyond the model's own, by name: enough to resume elsewhere, bit for
  /// bit.
  var stepState: TensorParts { get }

  /// Restores a saved `stepState`, after the model itself has been restored. Throws if it does not fit.
  func restore(stepState: TensorParts) throws(OptimizerError)
}

extension StepParticipant {
  /// False.
  public var followsMergeSchedule: Bool { false }
  /// False; setting it has no effect.
  public var isMergeDue: Bool {
    get { false }
    set {}
  }
  /// No matrix.
  public var deferredMatrix: DeferredTensor? { nil }
  /// No parameters.
  public var standInParameters: [Parameter] { [] }
  /// Does nothing.
  public func prepare(_ step: StepContext) -> LayerMerge? { nil }
  /// Does nothing.
  public func beginMicroBatch(_ step: StepContext) {}
  /// Does nothing.
  public func receive(_ gradient: FactoredGradient, _ step: StepContext) throws -> LayerEvent? {
    nil
  }
  /// Does nothing.
  public func finish(_ step: StepContext) {}
  /// No state.
  public var stepState: TensorParts { TensorParts() }
  /// Throws for any state.
  public func restore(stepState: TensorParts) throws(OptimizerError) {
    guard stepState.isEmpty else {
      throw OptimizerError("state: expected none; found \(stepState.shapes)")
    }
  }
}

/// The step that a layer takes part in.
public struct StepContext {
  /// The step of the run, from 0.
  public let step: Int
  /// Whether the schedule merges at this step.
  public let isMerge: Bool
  /// The number of micro-batches of the step.
  public let microBatches: Int
  /// The current micro-batch, from 0.
  public internal(set) var microBatch = 0
  /// Which gradient a new projection is taken from when there are several micro-batches.
  public let window: ProjectionWindow
  /// The optimizer, which a layer must tell when it changes the coordinates of a parameter.
  public let optimizer: any Optimizer

  /// Whether this is the last micro-batch.
  public var isLastMicroBatch: Bool { microBatch == microBatches - 1 }
}

/// The result of a gradient that a layer receives.
public enum LayerEvent {
  /// The layer has merged its update.
  case merged(LayerMerge)
  /// The gradient of a parameter, often one that represents a matrix in another form, to be applied or
  /// collected like any other.
  case gradient(Parameter, AnyTensor)
}

/// Which gradient a new projection is taken from when a step accumulates several micro-batches.
public enum ProjectionWindow: String, Sendable, Hashable, Codable, CaseIterable {
  /// The sum over the window, as a dense matrix: exact, 4 bytes per element of W over the window.
  case exact
  /// A random sketch of the sum, r + 8 columns on the side of P. The projection captures nearly all of
  /// the gradient's energy that rank r allows if the singular values fall as fast as 1 / i, and about
  /// three quarters of it if they fall as slowly as 1 / sqrt(i).
  case sketch
  /// Only the last micro-batch.
  case last
}
