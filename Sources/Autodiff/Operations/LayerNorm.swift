import Tensors

/// (x - mean) / sqrt(variance + epsilon) * weight + bias along each row of the last axis (Ba et al.,
/// 2016, arXiv 1607.06450): x `[..., d]`, weight and bias `[d]`. Saves x and two numbers per row. Traps
/// if the shapes do not fit.
public func layerNorm(
  _ x: Variable, weight: Variable, bias: Variable? = nil, epsilon: Double = 1e-5
) -> Variable {
  LayerNorm(epsilon: epsilon).apply(to: [x, weight] + (bias.map { [$0] } ?? []))
}

private struct LayerNorm: CustomOperation {
  let epsilon: Double

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let bias = inputs.count == 3 ? inputs[2] : nil
    let (y, mean, inverse) = layerNorm(
      inputs[0], weight: inputs[1], bias: bias, epsilon: S(epsilon))
    context.save(inputs[0], inputs[1], mean, inverse)
    if let bias { context.save(bias) }
    context.recomputesOutput { [epsilon] saved in
      layerNorm(
        saved[0], weight: saved[1], bias: saved.count > 4 ? saved[4] : nil, epsilon: S(epsilon)
      ).output
    }
    return y
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let saved = context.takeSaved()
    let shares = layerNormGradient(
      saved[0], weight: saved[1], mean: saved[2], inverse: saved[3], gradient)
    return zip([shares.x, shares.weight, shares.bias], context.needsGradient).map {
      $1 ? $0 : nil
    }
  }
}
