package import Tensors

/// gelu(gate) * up with the tanh approximation of gelu, element by element (Shazeer, 2020, arXiv
/// 2002.05202). Saves its two arguments, as `swiglu` does. Traps unless the shapes are equal.
public func geglu(_ gate: Variable, _ up: Variable) -> Variable {
  gated(gate, up, by: .geluTanh)
}

/// f(gate) * up for the function f of `kernel`.
package func gated(_ gate: Variable, _ up: Variable, by kernel: UnaryKernel) -> Variable {
  GatedActivation(kernel: kernel)(gate, up)
}

private struct GatedActivation: CustomOperation {
  let kernel: UnaryKernel

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    precondition(
      inputs[0].shape == inputs[1].shape,
      "gated: gate \(inputs[0].shape) and up \(inputs[1].shape) differ")
    context.save(inputs[0], inputs[1])
    context.recomputesOutput { [kernel] in $0[0].mapped(kernel) * $0[1] }
    return inputs[0].mapped(kernel) * inputs[1]
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let saved = context.takeSaved()
    let up = context.needsGradient[1] ? saved[0].mapped(kernel) * gradient : nil
    let gate =
      context.needsGradient[0] ? saved[0].mappedGradient(kernel, gradient * saved[1]) : nil
    return [gate, up]
  }
}
