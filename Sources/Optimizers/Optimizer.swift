public import Autodiff
public import Quantization
public import Tensors

/// Updates parameters by their gradients, one parameter at a time, so that an update can happen the
/// moment a gradient is complete.
///
/// The training loop provides the step; the optimizer owns the state of each parameter.
public protocol Optimizer: AnyObject {
  /// The learning rate at each step.
  var learningRate: LearningRateSchedule { get set }

  /// The decoupled weight decay, relative to the learning rate.
  var weightDecay: Double { get }

  /// Updates `parameter` in place.
  ///
  /// - Parameters:
  ///   - parameter: The parameter.
  ///   - gradient: The gradient, of the parameter's shape; consumed.
  ///   - step: The step of the run, from 0, which determines the learning rate.
  ///   - gradientScale: A factor of the gradient, below 1 when it is clipped.
  func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, step: Int, gradientScale: Float)

  /// Adapts the parameter's state to a change of its coordinates.
  func reparameterize(_ parameter: Parameter, by change: BasisChange)

  /// Discards a parameter's state.
  func reset(_ parameter: Parameter)

  /// Bytes of all parameters' state.
  var stateByteCount: Int { get }

  /// A parameter's state as named tensors, enough to resume elsewhere bit for bit.
  func state(of parameter: Parameter) -> TensorParts

  /// Restores a saved `state(of:)`. Throws if the tensors do not fit the parameter.
  func restore(_ state: TensorParts, of parameter: Parameter) throws(OptimizerError)
}

extension Optimizer {
  /// No weight decay.
  public var weightDecay: Double { 0 }

  /// Forgets what is remembered where it is not to be kept. An optimizer with moments lets them follow:
  /// see `BasisChange.applied(to:order:first:)`.
  public func reparameterize(_ parameter: Parameter, by change: BasisChange) {
    if case .keep = change { return }
    reset(parameter)
  }

  /// Does nothing: for an optimizer that remembers nothing.
  public func reset(_ parameter: Parameter) {}

  /// 0: for an optimizer that remembers nothing.
  public var stateByteCount: Int { 0 }

  /// Empty: for an optimizer that remembers nothing.
  public func state(of parameter: Parameter) -> TensorParts { TensorParts() }

  /// Throws for a state that is not empty: for an optimizer that remembers nothing.
  public func restore(_ state: TensorParts, of parameter: Parameter) throws(OptimizerError) {
    guard state.isEmpty else {
      throw OptimizerError(
        "State of \(parameter.name): \(Self.self) remembers nothing; found \(state.shapes)")
    }
  }
}

extension TensorParts {
  /// Whether there are no parts.
  public var isEmpty: Bool { bytes.isEmpty && floats.isEmpty }

  /// Names and shapes, for errors.
  package var shapes: [String: Shape] {
    bytes.mapValues(\.shape).merging(floats.mapValues(\.shape)) { $1 }
  }
}

/// How a low-rank factor's coordinates change when its projection is replaced.
public enum BasisChange: Sendable {
  /// The state is kept unchanged, as in the published code.
  case keep
  /// The state is reset to zero.
  case reset
  /// First moments are projected by the overlap `[new rank, old rank]` = P_newᵀ P_old, second moments by
  /// its elementwise square, assuming that the gradient's old coordinates are uncorrelated. The rank is
  /// the factor's axis `rankAxis`.
  case project(overlap: Tensor<Float>, rankAxis: Int)
  /// This share of the moments is set to zero: those of the elements with the smallest first moments
  /// (ReLoRA; Lialin et al., arXiv 2307.05695). The paper chooses separately for each moment, but a first
  /// moment whose second moment is pruned makes an unbounded step if the gradient is zero.
  case prune(share: Double)

  /// Moments of order 1 or 2 after the change; those of order 2 stay nonnegative. The moments of order 1,
  /// `first`, determine what is pruned. Traps if the overlap does not fit.
  public func applied(to moments: Tensor<Float>, order: Int, first: Tensor<Float>) -> Tensor<Float>
  {
    switch self {
    case .keep: return moments
    case .reset: return .zeros(moments.shape)
    case .project(let overlap, let axis):
      let map = order == 1 ? overlap : square(overlap)
      precondition(
        moments.rank == 2 && moments.shape[axis] == map.shape[1],
        "reparameterize: overlap \(map.shape) does not fit axis \(axis) of \(moments.shape)")
      return axis == 0 ? matmul(map, moments) : matmul(moments, map.transposed())
    case .prune(let share):
      let count = min(moments.elementCount, Int(share * Double(moments.elementCount)))
      guard count > 0 else { return moments }
      let magnitudes = abs(first)
      let order = magnitudes.flattened().argsort().scalars
      var pruned = moments.contiguous().copied()
      pruned.withUnsafeMutableBuffer { elements in
        for place in order.prefix(count) { elements[Int(place)] = 0 }
      }
      return pruned
    }
  }
}

/// Optimizer state that does not fit.
public struct OptimizerError: Error, CustomStringConvertible, Sendable {
  /// What does not fit, and what was expected.
  public let description: String

  /// An error with its message.
  public init(_ description: String) { self.description = description }
}
