import Tensors

/// The matrix product over the last two axes, `[..., m, k] x [..., k, n]`, with the other axes broadcast.
/// Traps if the shapes do not fit.
public func matmul(_ a: Variable, _ b: Variable) -> Variable { Matmul()(a, b) }

/// `x Wᵀ` (+ bias): x `[..., in]`, weight `[out, in]`, bias `[out]`, result `[..., out]`. Traps when
/// the shapes do not fit.
public func linear(_ x: Variable, _ weight: Variable, bias: Variable? = nil) -> Variable {
  let inputs = [x, weight] + (bias.map { [$0] } ?? [])
  return LinearProduct().apply(to: inputs)
}

private struct Matmul: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    precondition(
      inputs[0].rank >= 2 && inputs[1].rank >= 2,
      "matmul: shapes \(inputs[0].shape) and \(inputs[1].shape) are not matrices")
    context.save(inputs[0], inputs[1])
    return matmul(inputs[0], inputs[1])
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let g = gradient
    let (a, b) = (context.saved[0], context.saved[1])
    return [
      context.needsGradient[0] ? matmul(g, b.transposed()).summed(to: a.shape) : nil,
      context.needsGradient[1] ? matmul(a.transposed(), g).summed(to: b.shape) : nil,
    ]
  }
}

private struct LinearProduct: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let (x, w) = (inputs[0], inputs[1])
    precondition(
      w.rank == 2 && x.shape.lastDimension == w.shape[1],
      "linear: input \(x.shape) does not fit weight \(w.shape)")
    // The weight is needed for dx, the input for dw.
    context.savedShapes = [x.shape]
    context.save(
      context.needsGradient[1] ? x : .empty, context.needsGradient[0] ? w : .empty)
    var y = matmul(x, w.transposed())
    if inputs.count == 3 { y += inputs[2] }
    return y
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let g = gradient.asRows()
    let (x, w) = (context.saved[0], context.saved[1])
    var shares: [Tensor<S>?] = [
      context.needsGradient[0] ? matmul(g, w).reshaped(to: context.savedShapes[0]) : nil,
      context.needsGradient[1] ? matmul(g.transposed(), x.asRows()) : nil,
    ]
    if context.needsGradient.count == 3 {
      shares.append(context.needsGradient[2] ? g.sum(squeezingAxes: [0]) : nil)
    }
    return shares
  }
}
