public import Tensors

/// The mean over all elements of -t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)) in nats, for logits
/// x and the probabilities `targets` t, both of one shape. Exact for logits of any size.
///
/// Keeps the logits; no gradient flows to the targets. Traps unless the shapes are equal.
public func binaryCrossEntropy(_ logits: Variable, targets: Tensor<Float>) -> Variable {
  LabelCount.add(targets.elementCount)
  return BinaryCrossEntropy(targets: targets)(logits)
}

private struct BinaryCrossEntropy: CustomOperation {
  let targets: Tensor<Float>

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0])
    return Tensor(binaryCrossEntropy(inputs[0], targets: targets.converted(to: S.self)))
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [
      binaryCrossEntropyGradient(
        context.takeSaved()[0], targets: targets.converted(to: S.self), gradient.scalar)
    ]
  }
}
