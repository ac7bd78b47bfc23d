public import Tensors

/// The largest element of each window: x `[batch, channels, height, width]`, result
/// `[batch, channels, h, w]` with h = (height + 2 padding - window) / stride + 1, rounded down.
///
/// Windows are adjacent unless `stride` is given. Padding is never the largest. Saves the position of
/// each element of the result; of equal elements the first gets the gradient. Traps if the shapes do not
/// fit, and if the padding is more than half a window.
public func maxPooling2D(
  _ x: Variable, window: Size2D, stride: Size2D? = nil, padding: Size2D = 0
) -> Variable {
  MaxPooling(grid: poolingGrid("maxPooling2D", x.shape, window, stride, padding))(x)
}

/// The mean of each window, with padding counted as zeros; shapes as in `maxPooling2D`. Saves nothing.
public func averagePooling2D(
  _ x: Variable, window: Size2D, stride: Size2D? = nil, padding: Size2D = 0
) -> Variable {
  AveragePooling(grid: poolingGrid("averagePooling2D", x.shape, window, stride, padding))(x)
}

/// The largest element of each window of x `[batch, channels, length]`. See `maxPooling2D`.
public func maxPooling1D(_ x: Variable, window: Int, stride: Int? = nil, padding: Int = 0)
  -> Variable
{
  precondition(x.shape.rank == 3, "maxPooling1D: x \(x.shape) is not [batch, channels, length]")
  return maxPooling2D(
    x.asImages(), window: Size2D(1, window), stride: Size2D(1, stride ?? window),
    padding: Size2D(0, padding)
  ).asSequences()
}

/// The mean of each window of x `[batch, channels, length]`. See `averagePooling2D`.
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
