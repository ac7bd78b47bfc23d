public import Autodiff
import Tensors

/// Takes its mean from each row and divides it by its standard deviation, then scales and shifts each
/// element (Ba et al., 2016, arXiv 1607.06450).
public struct LayerNorm: Layer {
  /// The scale of each element, `[size]`.
  public let weight: Parameter
  /// What is added to each element, `[size]`; nil for nothing.
  public let bias: Parameter?
  /// Added to the variance.
  public let epsilon: Double

  /// A layer for rows of `size` elements, with scales of 1 and shifts of 0.
  public init(_ size: Int, bias: Bool = true, epsilon: Double = 1e-5) {
    weight = Parameter(.ones([size]))
    self.bias = bias ? Parameter(.zeros([size])) : nil
    self.epsilon = epsilon
  }

  /// x `[..., size]` normalised. Traps when the last axis is of another size.
  public func callAsFunction(_ x: Variable) -> Variable {
    layerNorm(
      x, weight: Variable(weight), bias: bias.map { Variable($0) }, epsilon: epsilon)
  }
}
