public import Autodiff
import Tensors

/// Divides each row by the root of its mean square, then scales each element (Zhang and Sennrich,
/// 2019, arXiv 1910.07467).
public struct RMSNorm: Layer {
  /// The scale of each element, `[size]`.
  public let weight: Parameter
  /// Added to the mean square.
  public let epsilon: Double

  /// A layer for rows of `size` elements, with scales of 1.
  public init(_ size: Int, epsilon: Double = 1e-6) {
    weight = Parameter(.ones([size]))
    self.epsilon = epsilon
  }

  /// x `[..., size]` normalised. Traps when the last axis is of another size.
  public func callAsFunction(_ x: Variable) -> Variable {
    rmsNorm(x, weight: Variable(weight), epsilon: epsilon)
  }
}
