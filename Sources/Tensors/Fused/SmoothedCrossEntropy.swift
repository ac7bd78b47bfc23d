/// The mean, over the rows whose label is not `ignored`, of the cross entropy with a distribution
/// that gives 1 - `smoothing` to the label and spreads the rest evenly over all classes (Szegedy et
/// al., 2016); 0 if there is no such row.
///
/// `logits` is `[..., classes]`, `labels` has one per row. Traps on a label outside the classes and
/// unless `smoothing` is in `0...1`.
package func smoothedCrossEntropy<Scalar: RealScalar>(
  _ logits: Tensor<Scalar>, labels: Tensor<Int32>, ignoring ignored: Int32, smoothing: Double
) -> Scalar {
  checkSmoothing(smoothing)
  // -(1 - s) log p(label) - s mean(log p) = -log p(label) + s (x(label) - mean(x)).
  let sharp = crossEntropy(logits, labels: labels, ignoring: ignored)
  let classes = logits.shape.lastDimension
  var total = 0.0
  var counted = 0
  logits.withPointer { x in
    labels.withUnsafeBuffer { labels in
      for (row, label) in labels.enumerated() where label != ignored {
        let x = x + row * classes
        total += Double(x[Int(label)]) - Scalar._sum(x, classes) / Double(classes)
        counted += 1
      }
    }
  }
  return sharp + Scalar(smoothing * total / Double(max(1, counted)))
}

/// The gradient of `smoothedCrossEntropy` for the logits times `gradient`, that of the loss. In
/// place if nothing else holds the logits.
package func smoothedCrossEntropyGradient<Scalar: RealScalar>(
  _ logits: consuming Tensor<Scalar>, labels: Tensor<Int32>, ignoring ignored: Int32,
  smoothing: Double, _ gradient: Scalar
) -> Tensor<Scalar> {
  checkSmoothing(smoothing)
  var result = crossEntropyGradient(logits, labels: labels, ignoring: ignored, gradient)
  let classes = result.shape.lastDimension
  labels.withUnsafeBuffer { labels in
    let counted = labels.count { $0 != ignored }
    let moved = gradient * Scalar(smoothing) / Scalar(max(1, counted))
    let share = moved / Scalar(max(1, classes))
    result.withMutablePointer { base in
      for (row, label) in labels.enumerated() where label != ignored {
        let x = base + row * classes
        withUnsafePointer(to: share) {
          Scalar._binary(BinaryKernel.subtract.rawValue, x, 1, $0, 0, x, classes)
        }
        x[Int(label)] += moved
      }
    }
  }
  return result
}

private func checkSmoothing(_ smoothing: Double) {
  precondition(
    smoothing >= 0 && smoothing <= 1, "crossEntropy: smoothing \(smoothing) is not in 0...1")
}
