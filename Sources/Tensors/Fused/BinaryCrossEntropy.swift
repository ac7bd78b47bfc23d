#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// The mean over all elements of -t log(sigmoid(x)) - (1 - t) log(1 - sigmoid(x)), computed without
/// overflow and accurately where it is small; 0 if there are no elements. Traps unless the shapes
/// are equal.
package func binaryCrossEntropy<Scalar: RealScalar>(
  _ logits: Tensor<Scalar>, targets: Tensor<Scalar>
) -> Scalar {
  precondition(
    logits.shape == targets.shape,
    "binaryCrossEntropy: logits \(logits.shape) and targets \(targets.shape) differ")
  guard logits.elementCount > 0 else { return 0 }
  let losses = Tensor<Scalar>(
    storage: TensorStorage(count: logits.elementCount), shape: logits.shape)
  logits.withPointer { x in
    targets.withPointer { t in
      // A logarithm and an exponential cost as much as a dozen products.
      parallelFor(losses.elementCount, grain: elementwiseGrain / 16) { range in
        let start = range.lowerBound
        logisticLosses(x + start, t + start, losses.base + start, range.count)
      }
    }
  }
  return losses.mean()
}

/// The gradient of `binaryCrossEntropy` for the logits times `gradient`, that of the loss:
/// (sigmoid(x) - t) / elements.
package func binaryCrossEntropyGradient<Scalar: RealScalar>(
  _ logits: Tensor<Scalar>, targets: Tensor<Scalar>, _ gradient: Scalar
) -> Tensor<Scalar> {
  var result = sigmoid(logits)
  result -= targets
  result *= gradient / Scalar(max(1, targets.elementCount))
  return result
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func logisticLosses<Scalar: RealScalar>(
  _ x: UnsafePointer<Scalar>, _ t: UnsafePointer<Scalar>, _ out: UnsafeMutablePointer<Scalar>,
  _ count: Int
) {
  for i in 0..<count {
    let (x, t) = (Double(x[i]), Double(t[i]))
    // max(x, 0) - x t + log(1 + exp(-|x|)), with its two large terms combined.
    let linear = x >= 0 ? x * (1 - t) : -x * t
    out[i] = Scalar(linear + log1p(exp(-x.magnitude)))
  }
}
