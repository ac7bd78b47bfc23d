public import Autodiff
internal import Tensors

/// An elementwise function, as a layer.
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

  /// No members.
  public var members: [ModuleMember] { [] }

  var kernel: UnaryKernel {
    switch self {
    case .relu: .relu
    case .gelu: .gelu
    case .geluTanh: .geluTanh
    case .silu: .silu
    case .tanh: .tanh
    case .sigmoid: .sigmoid
    }
  }

  /// Applies the function to each element of x.
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
