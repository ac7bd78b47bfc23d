public import Tensors

/// The mean over rows of the Kullback-Leibler divergence of softmax(logits) from the distributions
/// `targets`, sum(p (log p - log softmax(logits))) in nats: what a student learns from soft targets.
///
/// `logits` and `targets` are `[..., classes]`; no gradient flows to the targets. Keeps the logits.
/// Traps unless the shapes are equal.
public func klDivergence(_ logits: Variable, targets: Tensor<Float>) -> Variable {
  LabelCount.add(targets.shape.rowCount)
  return KLDivergence(targets: targets)(logits)
}

private struct KLDivergence: CustomOperation {
  let targets: Tensor<Float>

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0])
    return Tensor(klDivergence(inputs[0], targets: targets.converted(to: S.self)))
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    var saved = context.takeSaved()
    return [
      klDivergenceGradient(
        saved.removeLast(), targets: targets.converted(to: S.self), gradient.scalar)
    ]
  }
}
