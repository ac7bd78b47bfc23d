internal import Tensors

/// The result of comparing a computed gradient with central differences.
public struct GradientCheck: Sendable {
  /// The parameter, the element, the computed and the numeric derivative of each element whose difference
  /// exceeds the tolerance.
  public var failures: [String] = []
  /// The number of elements compared.
  public var comparisons = 0
  /// The largest ratio of difference to tolerance; at most 1 if the check passed.
  public var worst = 0.0

  /// Whether all elements agreed.
  public var passed: Bool { failures.isEmpty && comparisons > 0 }
}

/// Compares the gradients of a scalar `loss` for `parameters` with central differences, in double
/// precision. The default tolerances are those of PyTorch's gradcheck.
///
/// - Parameters:
///   - parameters: The parameters to check; each element is changed by ± `step`. Wrap inputs in
///     parameters to check their gradients.
///   - step: Half the step of the difference quotient.
///   - absolute: Absolute tolerance.
///   - relative: Tolerance relative to the numeric derivative.
///   - loss: Computes the loss from the parameters; called twice per element.
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
