public import Autodiff

/// Applies layers one after the other; their names are `0`, `1`, ...
///
/// ```swift
/// let linear = LayerBuilder.dense(seed: 1)
/// let model = Sequential(linear(784, 256, bias: true), Activation.relu, linear(256, 10, bias: true))
/// let logits = model(x)
/// ```
public struct Sequential: Layer {
  /// The layers, first to last.
  public let layers: [any Layer]

  /// A sequence of the given layers.
  public init(_ layers: [any Layer]) { self.layers = layers }

  /// A sequence of the given layers.
  public init(_ layers: any Layer...) { self.init(layers) }

  /// The layers under their positions.
  public var members: [ModuleMember] {
    layers.enumerated().map { ModuleMember("\($0.offset)", $0.element) }
  }

  /// The output of the last layer.
  public func callAsFunction(_ x: Variable) -> Variable { layers.reduce(x) { $1($0) } }
}
