public import Autodiff
import Tensors

/// Divides each row by its root mean square, then scales each element (Zhang and Sennrich, 2019,
/// arXiv 1910.07467).
public struct RMSNorm: Layer {
  /// The scale of each element minus `offset`, `[size]`.
  public let weight: Parameter
  /// Added to the mean square.
  public let epsilon: Double
  /// Added to the weight: 1 for checkpoints that hold weights minus one, as Gemma's do.
  public let offset: Double

  /// A layer for rows of `size` elements, with scales of 1.
  public init(_ size: Int, epsilon: Double = 1e-6, offset: Double = 0) {
    weight = Parameter(Tensor(repeating: Float(1 - offset), shape: [size]))
    self.epsilon = epsilon
    self.offset = offset
  }

  /// Normalises x `[..., size]`. Traps if the last axis has another size.
  public func callAsFunction(_ x: Variable) -> Variable {
    let weight = Variable(weight)
    return rmsNorm(x, weight: offset == 0 ? weight : weight + offset, epsilon: epsilon)
  }
}
