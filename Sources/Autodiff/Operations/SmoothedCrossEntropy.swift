public import Tensors

/// `crossEntropy` with a distribution that gives 1 - `smoothing` to the label and spreads the rest
/// evenly over all classes (Szegedy et al., 2016, arXiv 1512.00567).
///
/// `logits` is `[..., classes]`, `labels` has one a row; rows labelled `ignoredIndex` do not count, and
/// the loss is 0 when none does. Keeps the logits. Traps on a label outside the classes, and unless
/// `smoothing` is of `0...1`.
public func crossEntropy(
  _ logits: Variable, labels: Tensor<Int32>, ignoredIndex: Int32 = -100, smoothing: Double
) -> Variable {
  LabelCount.add(labels.count(unlike: ignoredIndex))
  return SmoothedCrossEntropy(labels: labels, ignored: ignoredIndex, smoothing: smoothing)(logits)
}

private struct SmoothedCrossEntropy: CustomOperation {
  let labels: Tensor<Int32>
  let ignored: Int32
  let smoothing: Double

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0])
    return Tensor(
      smoothedCrossEntropy(inputs[0], labels: labels, ignoring: ignored, smoothing: smoothing))
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    var saved = context.takeSaved()
    return [
      smoothedCrossEntropyGradient(
        saved.removeLast(), labels: labels, ignoring: ignored, smoothing: smoothing,
        gradient.scalar)
    ]
  }
}
