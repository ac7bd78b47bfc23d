public import Autodiff
import Tensors

/// Merges all axes but the first: `[batch, ...]` to `[batch, size]`.
public struct Flatten: Layer {
  /// A layer.
  public init() {}

  /// x `[batch, ...]` as `[batch, size]`. Traps on a scalar.
  public func callAsFunction(_ x: Variable) -> Variable {
    x.reshaped(to: [x.shape[0], x.shape.dropFirst().reduce(1, *)])
  }
}
