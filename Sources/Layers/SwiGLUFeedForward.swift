public import Autodiff

/// down(silu(gate(x)) * up(x)) (Shazeer, 2020, arXiv 2002.05202).
public struct SwiGLUFeedForward: Layer {
  /// `[hidden]` to `[intermediate]` twice, and back.
  public let gate, up, down: any LinearLayer

  /// A layer over vectors of `hiddenSize`.
  public init(
    hiddenSize: Int, intermediateSize: Int, initializer: Initializer = .uniformFanIn,
    using linear: LayerBuilder
  ) {
    gate = linear(
      hiddenSize, intermediateSize, initializer: initializer, named: "gate_proj")
    up = linear(hiddenSize, intermediateSize, initializer: initializer, named: "up_proj")
    down = linear(
      intermediateSize, hiddenSize, initializer: initializer, named: "down_proj")
  }

  /// As published Llama checkpoints name them.
  public var members: [ModuleMember] {
    [
      ModuleMember("gate_proj", gate), ModuleMember("up_proj", up), ModuleMember("down_proj", down),
    ]
  }

  /// x `[..., hidden]` to the same shape.
  public func callAsFunction(_ x: Variable) -> Variable { down(swiglu(gate(x), up(x))) }
}
