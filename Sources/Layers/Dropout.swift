public import Autodiff
import Tensors

/// Sets elements to 0 at random while a model is trained (Srivastava et al., 2014); passes everything on
/// in evaluation. `withTrainingMode` says which.
public struct Dropout: Layer {
  /// The share of elements that go.
  public let rate: Double

  /// A layer of the given rate. Traps unless it is of `0..<1`.
  public init(_ rate: Double) {
    precondition(rate >= 0 && rate < 1, "Dropout: rate \(rate) is not in 0..<1")
    self.rate = rate
  }

  /// x, in training mode with a share of its elements 0 and the others divided by 1 - `rate`.
  public func callAsFunction(_ x: Variable) -> Variable { dropout(x, rate: rate) }
}
