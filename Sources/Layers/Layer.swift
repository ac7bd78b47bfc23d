public import Autodiff

/// A module that maps one variable to another, as the layers of a `Sequential` do.
public protocol Layer: Module {
  /// The output for an input, whose shape must be one that the layer accepts.
  func callAsFunction(_ x: Variable) -> Variable
}
