import Tensors

/// An elementwise function with a gradient kernel. Saves its input, from which the output is recomputed
/// for operations that need it.
private struct Elementwise: CustomOperation {
  let kernel: UnaryKernel

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0])
    context.recomputesOutput { [kernel] in $0[0].mapped(kernel) }
    return inputs[0].mapped(kernel)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [context.saved[0].mappedGradient(kernel, gradient)]
  }
}

/// Absolute value of each element; its derivative at 0 is 0.
public func abs(_ x: Variable) -> Variable { Elementwise(kernel: .absolute)(x) }
/// Square of each element.
public func square(_ x: Variable) -> Variable { Elementwise(kernel: .square)(x) }
/// Square root of each element.
public func sqrt(_ x: Variable) -> Variable { Elementwise(kernel: .squareRoot)(x) }
/// 1 / square root of each element.
public func rsqrt(_ x: Variable) -> Variable { Elementwise(kernel: .reciprocalSquareRoot)(x) }
/// 1 / each element.
public func reciprocal(_ x: Variable) -> Variable { Elementwise(kernel: .reciprocal)(x) }
/// e to the power of each element.
public func exp(_ x: Variable) -> Variable { Elementwise(kernel: .exp)(x) }
/// Natural logarithm of each element.
public func log(_ x: Variable) -> Variable { Elementwise(kernel: .log)(x) }
/// Hyperbolic tangent of each element.
public func tanh(_ x: Variable) -> Variable { Elementwise(kernel: .tanh)(x) }
/// Error function of each element.
public func erf(_ x: Variable) -> Variable { Elementwise(kernel: .erf)(x) }
/// 1 / (1 + exp(-x)) of each element.
public func sigmoid(_ x: Variable) -> Variable { Elementwise(kernel: .sigmoid)(x) }
/// x * sigmoid(x) of each element.
public func silu(_ x: Variable) -> Variable { Elementwise(kernel: .silu)(x) }
/// max(x, 0) of each element; its derivative at 0 is 0.
public func relu(_ x: Variable) -> Variable { Elementwise(kernel: .relu)(x) }
/// x * (1 + erf(x / sqrt 2)) / 2 of each element.
public func gelu(_ x: Variable) -> Variable { Elementwise(kernel: .gelu)(x) }
/// The tanh approximation of `gelu`.
public func geluTanh(_ x: Variable) -> Variable { Elementwise(kernel: .geluTanh)(x) }
/// Sine of each element, in radians.
public func sin(_ x: Variable) -> Variable { Elementwise(kernel: .sin)(x) }
/// Cosine of each element, in radians.
public func cos(_ x: Variable) -> Variable { Elementwise(kernel: .cos)(x) }
