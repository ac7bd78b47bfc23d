public import Autodiff
public import Layers
public import Optimizers
public import Quantization

/// A layer that does more in a training step than own parameters: one that asks for the gradient of a
/// matrix it does not train, merges updates, masks, or rounds what an optimizer has changed.
///
/// A `Stepper` finds these layers in a model and calls them in this order: `join` once; then in each step
/// `prepare`, for each micro-batch `beginMicroBatch` and as many `receive` as gradients arrive during
/// the backward pass, and `finish`, which is called even where the step throws. Everything but `join`
/// has a default that does nothing.
///
/// Gradients find their way back by `FrozenMatrix.owner`: a layer sets its handle's owner to itself.
public protocol StepParticipant: AnyObject {
  /// Tells the layer its dotted name within the model.
  func join(named name: String)

  /// Whether the layer does something at the steps of the merge schedule. A model in which no layer
  /// does has no merges.
  var followsMergeSchedule: Bool { get }

  /// Whether a merge of the layer was due at an earlier step and has not happened yet: its step was
  /// skipped, say. Saved with a run.
  var isMergeDue: Bool { get set }

  /// The matrix that the layer reads from a file at each use instead of holding it. When reading
  /// fails the step ends with the error before anything is updated by wrong numbers.
  var deferredMatrix: DeferredTensor? { get }

  /// Parameters that stand for matrices in another form and are not among the model's: their `owner`
  /// lends the elements to an optimizer.
  var standInParameters: [Parameter] { get }

  /// Before the first forward pass of a step.
  ///
  /// - Returns: What a merge did to the layer, where it merges before the pass.
  func prepare(_ step: StepContext) -> LayerMerge?

  /// Before the forward pass of each micro-batch: the time to ask for gradients.
  func beginMicroBatch(_ step: StepContext)

  /// The gradient of a matrix whose handle asked for it, complete for this micro-batch, inside the
  /// backward pass and after the last use of the matrix in it: the layer may replace its matrix here.
  func receive(_ gradient: FactoredGradient, _ step: StepContext) throws -> LayerEvent?

  /// After the step, whether it succeeded or not.
  func finish(_ step: StepContext)

  /// What the layer remembers between steps beside the model's own state, by names; enough to go on
  /// elsewhere to the bit.
  var stepState: TensorParts { get }

  /// Takes over what `stepState` gave, after the model itself has been put back. Throws when it does
  /// not fit.
  func restore(stepState: TensorParts) throws(OptimizerError)
}

extension StepParticipant {
  /// False.
  public var followsMergeSchedule: Bool { false }
  /// False; what is set is ignored.
  public var isMergeDue: Bool {
    get { false }
    set {}
  }
  /// Nil.
  public var deferredMatrix: DeferredTensor? { nil }
  /// None.
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
  /// Nothing.
  public var stepState: TensorParts { TensorParts() }
  /// Refuses everything but nothing.
  public func restore(stepState: TensorParts) throws(OptimizerError) {
    guard stepState.isEmpty else {
      throw OptimizerError("state: expected none; found \(stepState.shapes)")
    }
  }
}

/// What a layer learns of the step it takes part in.
public struct StepContext {
  /// The step of the run, from 0.
  public let step: Int
  /// Whether the schedule merges at this step.
  public let isMerge: Bool
  /// Micro-batches of the step.
  public let microBatches: Int
  /// The micro-batch that runs, from 0.
  public internal(set) var microBatch = 0
  /// Which gradient a new projection is taken from when there are several.
  public let window: ProjectionWindow
  /// What changes the parameters; told when a layer changes the coordinates of one.
  public let optimizer: any Optimizer

  /// Whether no other micro-batch follows.
  public var isLastMicroBatch: Bool { microBatch == microBatches - 1 }
}

/// What a layer makes of a gradient it receives.
public enum LayerEvent {
  /// It has merged its update.
  case merged(LayerMerge)
  /// The gradient of a parameter, often one that stands for a matrix in another form, to be applied or
  /// collected like any other.
  case gradient(Parameter, AnyTensor)
}

/// Which gradient a new projection is taken from when a step accumulates several micro-batches.
public enum ProjectionWindow: String, Sendable, Hashable, Codable, CaseIterable {
  /// The sum over the window, as a dense matrix: exact, 4 bytes an element of W over the window.
  case exact
  /// A random sketch of the sum, r + 8 columns on the side of P. The projection holds nearly all
  /// of the gradient's energy that one of rank r could where the singular values fall as fast as 1 / i,
  /// about three quarters of it where they fall as slowly as 1 / sqrt(i).
  case sketch
  /// The last micro-batch alone.
  case last
}
