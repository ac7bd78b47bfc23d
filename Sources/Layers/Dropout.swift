public import Autodiff
import Tensors

/// Sets elements to 0 at random in training (Srivastava et al., 2014), and changes nothing in evaluation.
/// `withTrainingMode` selects training.
public struct Dropout: Layer {
  /// The share of elements set to 0.
  public let rate: Double

  /// A layer with the given rate. Traps unless it is in `0..<1`.
  public init(_ rate: Double) {
    precondition(rate >= 0 && rate < 1, "Dropout: rate \(rate) is not in 0..<1")
    self.rate = rate
  }

  /// x; in training mode with a share of its elements set to 0 and the others divided by 1 - `rate`.
  public func callAsFunction(_ x: Variable) -> Variable { dropout(x, rate: rate) }
}
