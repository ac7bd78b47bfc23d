internal import Tensors

/// How far a computed gradient is from central differences.
public struct GradientCheck: Sendable {
  /// The parameter, its element, the computed and the numeric derivative, for each element that
  /// differs by more than the tolerance.
  public var failures: [String] = []
  /// Elements compared.
  public var comparisons = 0
  /// The largest difference over the tolerance at that element; at most 1 when all is well.
  public var worst = 0.0

  /// Whether every element agreed.
  public var passed: Bool { failures.isEmpty && comparisons > 0 }
}

/// Compares the gradient of a scalar `loss` for `parameters` with central differences, in double
/// precision: the tolerances are those of torch's gradcheck.
///
/// - Parameters:
///   - parameters: Whose gradients to check; each element is moved by ± `step`. Put inputs into
///     parameters to check gradients for them.
///   - step: Half the distance of the difference quotient.
///   - absolute: Absolute tolerance.
///   - relative: Tolerance relative to the numeric derivative.
///   - loss: Computes the loss from the parameters; called twice an element.
public func checkGradients(
  of parameters: [Parameter], step: Double = 1e-6, absolute: Double = 1e-5,
  relative: Double = 1e-3, loss: () -> Variable
) -> GradientCheck {
  for parameter in parameters where parameter.doubleTensor == nil {
    parameter.doubleTensor = parameter.tensor.converted(to: Double.self)
  }
  defer { for parameter in parameters { parameter.doubleTensor = nil } }
  let (_, gradients) = valueAndGradients(of: loss())
  var report = GradientCheck()
  for (index, parameter) in parameters.enumerated() {
    let computed =
      gradients.value(of: parameter)?.tensor(as: Double.self).scalars
      ?? [Double](repeating: 0, count: parameter.shape.elementCount)
    let original = parameter.doubleTensor!.scalars
    for element in original.indices {
      func value(at offset: Double) -> Double {
        var moved = original
        moved[element] += offset
        parameter.doubleTensor = Tensor(moved, shape: parameter.shape)
        return withoutGradient { loss().scalar }
      }
      let numeric = (value(at: step) - value(at: -step)) / (2 * step)
      let tolerance = absolute + relative * abs(numeric)
      let difference = abs(computed[element] - numeric)
      report.comparisons += 1
      report.worst = max(report.worst, difference / tolerance)
      if !(difference <= tolerance) {
        report.failures.append(
          "\(parameter.name.isEmpty ? "parameter \(index)" : parameter.name)[\(element)]: "
            + "computed \(computed[element]), numeric \(numeric)")
      }
    }
    parameter.doubleTensor = Tensor(original, shape: parameter.shape)
  }
  return report
}
