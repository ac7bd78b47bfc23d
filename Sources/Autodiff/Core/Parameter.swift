public import Tensors

/// A tensor that training changes: a reference with an identity, a name and a value.
///
/// A training run lives in one isolation domain, so parameters are deliberately not Sendable.
public final class Parameter {
  /// The value in single precision, changed by optimizers in place.
  public var tensor: Tensor<Float>
  /// A double-precision value that stands in for `tensor` during a gradient check.
  public var doubleTensor: Tensor<Double>?
  /// The dotted name within its model, as published checkpoints have it; set by whoever owns it.
  public var name: String
  /// Whether backpropagation computes its gradient.
  public var isTrainable: Bool

  let node = Node()

  /// A parameter that starts at `tensor`.
  public init(_ tensor: Tensor<Float>, name: String = "", isTrainable: Bool = true) {
    self.tensor = tensor
    self.name = name
    self.isTrainable = isTrainable
    node.leaf = .parameter(Weak(self))
  }

  /// The sizes of the axes.
  public var shape: Shape { tensor.shape }
}

/// A matrix `[out, in]` that backpropagation does not train, but whose gradient can be asked for.
///
/// The gradient of a linear operation for its frozen weight is dᵀ x, with x `[tokens, in]` the
/// operation's input and d `[tokens, out]` the gradient of its output. It is handed over as these
/// two factors and never formed. A layer keeps one as the handle of its quantised weight.
public final class FrozenMatrix {
  /// The dotted name within its model.
  public var name: String
  /// Whether the next forward passes keep what the gradient needs, and the backward pass hands it
  /// over.
  public var isGradientRequested = false

  let node = Node()

  /// A handle.
  public init(name: String = "") {
    self.name = name
    node.leaf = .frozen(Weak(self))
  }
}

/// The gradient dᵀ x `[out, in]` of a frozen matrix as its factors, one pair for each use.
public struct FactoredGradient: Sendable {
  /// Inputs x `[tokens, in]` and output gradients d `[tokens, out]`.
  public var pairs: [(x: Tensor<Float>, d: Tensor<Float>)]

  /// The gradient of a single use.
  public init(x: Tensor<Float>, d: Tensor<Float>) { pairs = [(x, d)] }

  /// x of all uses stacked, `[tokens of all uses, in]`.
  public var x: Tensor<Float> {
    pairs.count == 1 ? pairs[0].x : .concatenated(pairs.map(\.x))
  }

  /// d of all uses stacked, `[tokens of all uses, out]`.
  public var d: Tensor<Float> {
    pairs.count == 1 ? pairs[0].d : .concatenated(pairs.map(\.d))
  }
}

/// A leaf outlives its owner when a record of it does; nobody wants the gradient then.
struct Weak<Object: AnyObject> {
  weak var object: Object?
  init(_ object: Object) { self.object = object }
}
