public import Autodiff
public import Quantization
public import Tensors

/// Changes parameters by their gradients, one parameter at a time, so that an update can happen the
/// moment a gradient is complete.
///
/// Whoever owns the loop says which step it is; the optimizer owns what it remembers of each
/// parameter.
public protocol Optimizer: AnyObject {
  /// The learning rate at each step.
  var learningRate: LearningRateSchedule { get set }

  /// Decoupled weight decay, as a share of the learning rate.
  var weightDecay: Double { get }

  /// Changes `parameter` in place.
  ///
  /// - Parameters:
  ///   - parameter: What is changed.
  ///   - gradient: Of the parameter's shape; used up.
  ///   - step: The step of the run, from 0: decides the learning rate.
  ///   - gradientScale: Multiplies the gradient: below 1 when it is clipped.
  func update(
    _ parameter: Parameter, _ gradient: consuming Tensor<Float>, step: Int, gradientScale: Float)

  /// Tells that the parameter's coordinates have changed: `change` says how what is remembered
  /// follows.
  func reparameterize(_ parameter: Parameter, by change: BasisChange)

  /// Forgets what is remembered of a parameter.
  func reset(_ parameter: Parameter)

  /// Bytes remembered of all parameters.
  var stateByteCount: Int { get }

  /// What is remembered of a parameter, as named tensors: enough to go on elsewhere, to the bit.
  func state(of parameter: Parameter) -> TensorParts

  /// Takes over what `state(of:)` gave. Throws when the tensors do not fit the parameter.
  func restore(_ state: TensorParts, of parameter: Parameter) throws(OptimizerError)
}

extension Optimizer {
  /// None.
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
  /// Whether there is no part.
  public var isEmpty: Bool { bytes.isEmpty && floats.isEmpty }

  /// Names and shapes, for errors.
  package var shapes: [String: Shape] {
    bytes.mapValues(\.shape).merging(floats.mapValues(\.shape)) { $1 }
  }
}

/// How a low-rank factor's coordinates change when its projection is replaced.
public enum BasisChange: Sendable {
  /// What is remembered stays as it is (the published code's choice).
  case keep
  /// It starts from zero.
  case reset
  /// First moments are carried over by the overlap `[new rank, old rank]` = P_newᵀ P_old, second
  /// moments by its elementwise square (the gradient's old coordinates taken as uncorrelated). The
  /// rank is the factor's axis `rankAxis`.
  case project(overlap: Tensor<Float>, rankAxis: Int)
  /// This share of the moments is set to zero, where the first one is least in magnitude (ReLoRA; Lialin
  /// et al., arXiv 2307.05695, which chooses for each moment apart: a first moment that outlives its
  /// second one makes an unbounded step where the gradient is zero).
  case prune(share: Double)

  /// Moments of order 1 or 2, elementwise powers of the gradient on average, after the change; a
  /// moment of order 2 stays at least 0. Those of order 1, `first`, decide what is pruned. Traps when
  /// the overlap does not fit.
  ///
  /// - Parameters:
  ///   - moments: Of the factor's shape, in its old coordinates.
  ///   - order: 1 for means of the gradient, 2 for means of its square.
  ///   - first: The moments of order 1.
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
