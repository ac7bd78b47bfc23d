/// The mean over rows of sum(p * (log p - log softmax(logits))): how far softmax's distributions
/// are from `targets` p. Both are `[..., classes]`; the term is 0 where p is 0. Traps unless the
/// shapes are equal.
package func klDivergence<Scalar: RealScalar>(_ logits: Tensor<Scalar>, targets: Tensor<Scalar>)
  -> Scalar
{
  checkDivergence(logits.shape, targets.shape)
  let difference = log(targets) - logSoftmax(logits)
  var terms = targets * difference
  terms.withMutablePointer { terms in
    targets.withPointer { p in
      // 0 log 0 is 0 in the limit, but NaN in arithmetic.
      for i in 0..<targets.elementCount where p[i] == 0 { terms[i] = 0 }
    }
  }
  return terms.sum() / Scalar(max(1, logits.shape.rowCount))
}

/// The gradient of `klDivergence` for the logits times `gradient`, that of the loss:
/// (softmax * sum(p) - p) / rows.
package func klDivergenceGradient<Scalar: RealScalar>(
  _ logits: consuming Tensor<Scalar>, targets: Tensor<Scalar>, _ gradient: Scalar
) -> Tensor<Scalar> {
  checkDivergence(logits.shape, targets.shape)
  let scale = gradient / Scalar(max(1, targets.shape.rowCount))
  var result = softmax(logits)
  result *= targets.sum(alongAxes: [-1])
  result -= targets
  result *= scale
  return result
}

private func checkDivergence(_ logits: Shape, _ targets: Shape) {
  precondition(
    logits.rank >= 1 && logits == targets,
    "klDivergence: logits \(logits) and targets \(targets) differ")
}
