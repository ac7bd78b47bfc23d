public import Autodiff

/// A module that makes one variable of another, and so can stand in a `Sequential`.
public protocol Layer: Module {
  /// The output for an input; what shapes fit is the layer's business.
  func callAsFunction(_ x: Variable) -> Variable
}
