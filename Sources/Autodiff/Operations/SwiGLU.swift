import Tensors

/// silu(gate) * up, element by element (Shazeer, 2020, arXiv 2002.05202). Saves its two arguments, and
/// recomputes its output for operations that need it. Traps unless the shapes are equal.
public func swiglu(_ gate: Variable, _ up: Variable) -> Variable { SwiGLU()(gate, up) }

private struct SwiGLU: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0], inputs[1])
    context.recomputesOutput { swiglu($0[0], $0[1]) }
    return swiglu(inputs[0], inputs[1])
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    var saved = context.takeSaved()
    let up = saved.removeLast()
    let shares = swigluGradient(saved[0], up, gradient)
    return [
      context.needsGradient[0] ? shares.gate : nil, context.needsGradient[1] ? shares.up : nil,
    ]
  }
}
