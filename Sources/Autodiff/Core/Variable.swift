public import Tensors

/// A value in a computation, with a record of how it was computed.
///
/// Operations on variables compute at once and, if an input needs a gradient, record what the backward
/// pass needs. The record is released with the last variable that depends on it, or piece by piece by
/// `backward`.
public struct Variable {
  /// The value.
  public let value: AnyTensor
  let node: Node?
  /// Recomputes the value, if that is cheap.
  let recipe: Recipe?

  init(value: AnyTensor, node: Node?, recipe: Recipe? = nil) {
    self.value = value
    self.node = node
    self.recipe = recipe
  }

  /// A constant.
  public init(_ tensor: Tensor<Float>) { self.init(value: .float(tensor), node: nil) }

  /// A constant of any precision.
  public init(_ value: AnyTensor) { self.init(value: value, node: nil) }

  /// The current value of a parameter, whose gradient is computed if it is trainable.
  public init(_ parameter: Parameter) {
    value = parameter.value
    node = parameter.isTrainable ? parameter.node : nil
    recipe = nil
  }

  /// The sizes of the axes.
  public var shape: Shape { value.shape }

  /// The value in single precision.
  public var tensor: Tensor<Float> { value.float }

  /// The only element. Traps if there is not exactly one.
  public var scalar: Double { value.scalar }

  /// Whether a backward pass from here reaches a parameter.
  public var needsGradient: Bool { node != nil }

  /// The same value as a constant: no gradient flows through it.
  public func detached() -> Variable { Variable(value: value, node: nil) }
}
