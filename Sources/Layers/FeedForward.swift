public import Autodiff

/// down(activation(up(x))), as in the first transformers (Vaswani et al., 2017, arXiv 1706.03762).
public struct FeedForward: Layer {
  /// `[hidden]` to `[intermediate]`, and back.
  public let up, down: any LinearLayer
  /// The function between them.
  public let activation: Activation

  /// A layer for vectors of `hiddenSize`; `names` are those under which the builder reads the matrices.
  public init(
    hiddenSize: Int, intermediateSize: Int, activation: Activation = .gelu, bias: Bool = true,
    initializer: Initializer = .uniformFanIn, names: (up: String, down: String) = ("", ""),
    using linear: LayerBuilder
  ) {
    up = linear(
      hiddenSize, intermediateSize, bias: bias, initializer: initializer, named: names.up)
    down = linear(
      intermediateSize, hiddenSize, bias: bias, initializer: initializer, named: names.down)
    self.activation = activation
  }

  /// The matrices.
  public var members: [ModuleMember] { [ModuleMember("up", up), ModuleMember("down", down)] }

  /// x `[..., hidden]` to the same shape.
  public func callAsFunction(_ x: Variable) -> Variable { down(activation(up(x))) }
}
