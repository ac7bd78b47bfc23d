public import Tensors

/// The largest element of each window: x `[batch, channels, height, width]`, result
/// `[batch, channels, h, w]` with h = (height + 2 padding - window) / stride + 1, rounded down.
///
/// Windows follow each other without overlap unless `stride` is given. The padding never counts. Keeps
/// the place of each element of the result; the gradient of equal elements goes to the first. Traps
/// when the shapes do not fit, and when the padding is more than half a window.
public func maxPooling2D(
  _ x: Variable, window: Size2D, stride: Size2D? = nil, padding: Size2D = 0
) -> Variable {
  MaxPooling(grid: poolingGrid("maxPooling2D", x.shape, window, stride, padding))(x)
}

/// The mean of each window, in which the padding counts as zeros; shapes as for `maxPooling2D`. Keeps
/// nothing.
public func averagePooling2D(
  _ x: Variable, window: Size2D, stride: Size2D? = nil, padding: Size2D = 0
) -> Variable {
  AveragePooling(grid: poolingGrid("averagePooling2D", x.shape, window, stride, padding))(x)
}

/// The largest element of each window: x `[batch, channels, length]`; otherwise as `maxPooling2D`.
public func maxPooling1D(_ x: Variable, window: Int, stride: Int? = nil, padding: Int = 0)
  -> Variable
{
  precondition(x.shape.rank == 3, "maxPooling1D: x \(x.shape) is not [batch, channels, length]")
  return maxPooling2D(
    x.asImages(), window: Size2D(1, window), stride: Size2D(1, stride ?? window),
    padding: Size2D(0, padding)
  ).asSequences()
}

/// The mean of each window: x `[batch, channels, length]`; otherwise as `averagePooling2D`.
public func averagePooling1D(_ x: Variable, window: Int, stride: Int? = nil, padding: Int = 0)
  -> Variable
{
  precondition(
    x.shape.rank == 3, "averagePooling1D: x \(x.shape) is not [batch, channels, length]")
  return averagePooling2D(
    x.asImages(), window: Size2D(1, window), stride: Size2D(1, stride ?? window),
    padding: Size2D(0, padding)
  ).asSequences()
}

private func poolingGrid(
  _ name: StaticString, _ x: Shape, _ window: Size2D, _ stride: Size2D?, _ padding: Size2D
) -> WindowGrid {
  precondition(x.rank == 4, "\(name): x \(x) is not [batch, channels, height, width]")
  return WindowGrid(
    name, over: Size2D(x[2], x[3]), window: window, stride: stride ?? window, padding: padding)
}

private struct MaxPooling: CustomOperation {
  let grid: WindowGrid

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let (output, places) = maxPooling(inputs[0], grid: grid)
    context.savedShapes = [inputs[0].shape]
    if context.isRecording { context.savedIndices = [places] }
    return output
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [
      maxPoolingGradient(
        input: context.savedShapes[0], places: context.savedIndices[0], grid: grid, gradient)
    ]
  }
}

private struct AveragePooling: CustomOperation {
  let grid: WindowGrid

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.savedShapes = [inputs[0].shape]
    return averagePooling(inputs[0], grid: grid)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [averagePoolingGradient(input: context.savedShapes[0], grid: grid, gradient)]
  }
}
