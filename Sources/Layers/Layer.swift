public import Autodiff
import Tensors

/// A module that makes one variable of another, and so can stand in a `Sequential`.
public protocol Layer: Module {
  /// The output for an input; what shapes fit is the layer's business.
  func callAsFunction(_ x: Variable) -> Variable
}

/// Layers one after the other, named `0`, `1`, ...
///
/// ```swift
/// let linear = LayerBuilder.dense(seed: 1)
/// let model = Sequential(linear(784, 256, bias: true), Activation.relu, linear(256, 10, bias: true))
/// let logits = model(x)
/// ```
public struct Sequential: Layer {
  /// The layers, first to last.
  public let layers: [any Layer]

  /// The given layers.
  public init(_ layers: [any Layer]) { self.layers = layers }

  /// The given layers.
  public init(_ layers: any Layer...) { self.init(layers) }

  /// The layers under their positions.
  public var members: [ModuleMember] {
    layers.enumerated().map { ModuleMember("\($0.offset)", $0.element) }
  }

  /// The output of the last layer.
  public func callAsFunction(_ x: Variable) -> Variable { layers.reduce(x) { $1($0) } }
}

/// A function of each element, as a layer.
public enum Activation: String, Layer, Sendable, Hashable {
  /// max(x, 0).
  case relu
  /// x * (1 + erf(x / sqrt 2)) / 2 (Hendrycks and Gimpel, 2016, arXiv 1606.08415).
  case gelu
  /// The tanh approximation of `gelu`.
  case geluTanh
  /// x * sigmoid(x).
  case silu
  /// Hyperbolic tangent.
  case tanh
  /// 1 / (1 + exp(-x)).
  case sigmoid

  /// None.
  public var members: [ModuleMember] { [] }

  /// The function of each element of x.
  public func callAsFunction(_ x: Variable) -> Variable {
    switch self {
    case .relu: Autodiff.relu(x)
    case .gelu: Autodiff.gelu(x)
    case .geluTanh: Autodiff.geluTanh(x)
    case .silu: Autodiff.silu(x)
    case .tanh: Autodiff.tanh(x)
    case .sigmoid: Autodiff.sigmoid(x)
    }
  }
}

/// All axes but the first as one: `[batch, ...]` to `[batch, size]`.
public struct Flatten: Layer {
  /// A layer.
  public init() {}

  /// x `[batch, ...]` as `[batch, size]`. Traps on a scalar.
  public func callAsFunction(_ x: Variable) -> Variable {
    x.reshaped(to: [x.shape[0], x.shape.dropFirst().reduce(1, *)])
  }
}

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
