public import Autodiff

/// down(f(gate(x)) * up(x)) (Shazeer, 2020, arXiv 2002.05202): SwiGLU if f is silu, GEGLU if f is gelu.
public struct GatedFeedForward: Layer {
  /// `[hidden]` to `[intermediate]` twice, and back.
  public let gate, up, down: any LinearLayer
  /// The function of the gate.
  public let activation: Activation

  /// A layer for vectors of `hiddenSize`.
  public init(
    hiddenSize: Int, intermediateSize: Int, activation: Activation = .silu, bias: Bool = false,
    initializer: Initializer = .uniformFanIn, using linear: LayerBuilder
  ) {
    gate = linear(
      hiddenSize, intermediateSize, bias: bias, initializer: initializer, named: "gate_proj")
    up = linear(
      hiddenSize, intermediateSize, bias: bias, initializer: initializer, named: "up_proj")
    down = linear(
      intermediateSize, hiddenSize, bias: bias, initializer: initializer, named: "down_proj")
    self.activation = activation
  }

  /// The parts under the names in published Llama checkpoints.
  public var members: [ModuleMember] {
    [
      ModuleMember("gate_proj", gate), ModuleMember("up_proj", up), ModuleMember("down_proj", down),
    ]
  }

  /// x `[..., hidden]` to the same shape.
  public func callAsFunction(_ x: Variable) -> Variable {
    activation == .silu
      ? down(swiglu(gate(x), up(x))) : down(gated(gate(x), up(x), by: activation.kernel))
  }
}

/// The feed-forward of a Llama.
public typealias SwiGLUFeedForward = GatedFeedForward
