public import Tensors

/// The correlation of images with filters, which deep learning calls convolution.
///
/// x is `[batch, in, height, width]`, weight `[out, in / groups, windowHeight, windowWidth]`, bias
/// `[out]`; the result is `[batch, out, h, w]` with
/// h = (height + 2 padding - dilation (windowHeight - 1) - 1) / stride + 1, rounded down, and w alike.
/// Saves x and the weight. Each thread unfolds the windows of one image at a time. Traps if the shapes do
/// not fit.
///
/// - Parameters:
///   - x: The images.
///   - weight: The filters.
///   - bias: One number per filter; nil for none.
///   - stride: Pixels from one window to the next.
///   - padding: Zeros around the image.
///   - dilation: Pixels from one element of a window to the next.
///   - groups: The number of groups of channels that are convolved separately.
public func convolution2D(
  _ x: Variable, _ weight: Variable, bias: Variable? = nil, stride: Size2D = 1,
  padding: Size2D = 0, dilation: Size2D = 1, groups: Int = 1
) -> Variable {
  precondition(
    x.shape.rank == 4 && weight.shape.rank == 4,
    "convolution2D: x \(x.shape) and weight \(weight.shape) are not of four axes")
  let grid = WindowGrid(
    "convolution2D", over: Size2D(x.shape[2], x.shape[3]),
    window: Size2D(weight.shape[2], weight.shape[3]), stride: stride, padding: padding,
    dilation: dilation)
  return Convolution(grid: grid, groups: groups)
    .apply(to: [x, weight] + (bias.map { [$0] } ?? []))
}

/// The correlation of sequences with filters: x `[batch, in, length]`, weight
/// `[out, in / groups, window]`, bias `[out]`, result `[batch, out, l]`. See `convolution2D`.
public func convolution1D(
  _ x: Variable, _ weight: Variable, bias: Variable? = nil, stride: Int = 1, padding: Int = 0,
  dilation: Int = 1, groups: Int = 1
) -> Variable {
  precondition(
    x.shape.rank == 3 && weight.shape.rank == 3,
    "convolution1D: x \(x.shape) and weight \(weight.shape) are not of three axes")
  return convolution2D(
    x.asImages(), weight.asImages(), bias: bias, stride: Size2D(1, stride),
    padding: Size2D(0, padding), dilation: Size2D(1, dilation), groups: groups
  ).asSequences()
}

extension Variable {
  /// Sequences `[batch, channels, length]` as images of one row.
  func asImages() -> Variable { reshaped(to: [shape[0], shape[1], 1, shape[2]]) }
  /// Images of one row as sequences `[batch, channels, length]`.
  func asSequences() -> Variable { reshaped(to: [shape[0], shape[1], shape[3]]) }
}

private struct Convolution: CustomOperation {
  let grid: WindowGrid
  let groups: Int

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.savedShapes = [inputs[0].shape, inputs[1].shape]
    // The weight is needed for dx, the input for dw.
    context.save(
      context.needsGradient[1] ? inputs[0] : .empty, context.needsGradient[0] ? inputs[1] : .empty)
    return convolution(
      inputs[0], weight: inputs[1], bias: inputs.count == 3 ? inputs[2] : nil, grid: grid,
      groups: groups)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let g = gradient.contiguous()
    let saved = context.takeSaved()
    var shares: [Tensor<S>?] = [
      context.needsGradient[0]
        ? convolutionInputGradient(
          input: context.savedShapes[0], weight: saved[1], grid: grid, groups: groups, g) : nil,
      context.needsGradient[1]
        ? convolutionWeightGradient(
          saved[0], weight: context.savedShapes[1], grid: grid, groups: groups, g) : nil,
    ]
    if context.needsGradient.count == 3 {
      shares.append(context.needsGradient[2] ? g.sum(squeezingAxes: [0, 2, 3]) : nil)
    }
    return shares
  }
}
