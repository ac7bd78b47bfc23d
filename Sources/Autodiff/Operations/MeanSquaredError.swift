public import Tensors

/// The mean over all elements of (x - target)², x and `targets` of one shape. Keeps the difference; no
/// gradient flows to the targets. Traps unless the shapes are equal.
public func meanSquaredError(_ x: Variable, targets: Tensor<Float>) -> Variable {
  precondition(
    x.shape == targets.shape, "meanSquaredError: \(x.shape) and targets \(targets.shape) differ")
  LabelCount.add(targets.elementCount)
  return square(x - Variable(targets)).mean()
}
