import Tensors

/// x / sqrt(mean(x²) + epsilon) * weight along each row of the last axis (Zhang and Sennrich, 2019,
/// arXiv 1910.07467): x `[..., d]`, weight `[d]`. Saves x and one number per row; the output is
/// recomputed for operations that need it. Traps if the shapes do not fit.
public func rmsNorm(_ x: Variable, weight: Variable, epsilon: Double) -> Variable {
  RootMeanSquareNorm(epsilon: epsilon)(x, weight)
}

private struct RootMeanSquareNorm: CustomOperation {
  let epsilon: Double

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let (y, inverse) = rmsNorm(inputs[0], weight: inputs[1], epsilon: S(epsilon))
    context.save(inputs[0], inputs[1], inverse)
    context.recomputesOutput { [epsilon] saved in
      rmsNorm(saved[0], weight: saved[1], epsilon: S(epsilon)).output
    }
    return y
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let saved = context.takeSaved()
    let (x, weight) = rmsNormGradient(saved[0], weight: saved[1], inverse: saved[2], gradient)
    return [context.needsGradient[0] ? x : nil, context.needsGradient[1] ? weight : nil]
  }
}
