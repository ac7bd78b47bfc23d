public import Autodiff
import Tensors

/// Normalises each row to mean 0 and variance 1, then scales and shifts each element (Ba et al., 2016,
/// arXiv 1607.06450).
public struct LayerNorm: Layer {
  /// The scale of each element, `[size]`.
  public let weight: Parameter
  /// The shift of each element, `[size]`; nil for none.
  public let bias: Parameter?
  /// Added to the variance.
  public let epsilon: Double

  /// A layer for rows of `size` elements, with scales of 1 and shifts of 0.
  public init(_ size: Int, bias: Bool = true, epsilon: Double = 1e-5) {
    weight = Parameter(.ones([size]))
    self.bias = bias ? Parameter(.zeros([size])) : nil
    self.epsilon = epsilon
  }

  /// Normalises x `[..., size]`. Traps if the last axis has another size.
  public func callAsFunction(_ x: Variable) -> Variable {
    layerNorm(
      x, weight: Variable(weight), bias: bias.map { Variable($0) }, epsilon: epsilon)
  }
}
