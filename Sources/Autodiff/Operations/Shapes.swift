import Tensors

extension Variable {
  /// The same elements in another shape; one size may be -1. Traps if the counts differ.
  public func reshaped(to sizes: [Int]) -> Variable { Reshape(sizes: sizes)(self) }

  /// The axes in another order. Traps unless `axes` is a permutation.
  public func transposed(_ axes: [Int]) -> Variable { Transpose(axes: axes)(self) }

  /// The last two axes swapped.
  public func transposed() -> Variable {
    var axes = Array(0..<shape.rank)
    if axes.count >= 2 { axes.swapAt(axes.count - 1, axes.count - 2) }
    return transposed(axes)
  }

  /// The part `range` along one axis. Traps outside the shape.
  public func sliced(_ range: Range<Int>, alongAxis axis: Int = 0) -> Variable {
    Slice(range: range, axis: axis < 0 ? axis + shape.rank : axis)(self)
  }

  /// The variables joined along one axis. Traps when other axes differ.
  public static func concatenated(_ parts: [Variable], alongAxis axis: Int = 0) -> Variable {
    Concatenate(axis: axis < 0 ? axis + (parts.first?.shape.rank ?? 0) : axis).apply(to: parts)
  }
}

private struct Reshape: CustomOperation {
  let sizes: [Int]

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.savedShapes = [inputs[0].shape]
    return inputs[0].reshaped(to: sizes)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [gradient.reshaped(to: context.savedShapes[0])]
  }
}

private struct Transpose: CustomOperation {
  let axes: [Int]

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    inputs[0].transposed(axes)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    var inverse = axes
    for (position, axis) in axes.enumerated() { inverse[axis] = position }
    return [gradient.transposed(inverse)]
  }
}

private struct Slice: CustomOperation {
  let range: Range<Int>
  let axis: Int

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.savedShapes = [inputs[0].shape]
    return inputs[0].sliced(range, alongAxis: axis)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let whole = context.savedShapes[0]
    func zeros(_ size: Int) -> Tensor<S> {
      var sizes = whole.dimensions
      sizes[axis] = size
      return .zeros(Shape(sizes))
    }
    return [
      .concatenated(
        [zeros(range.lowerBound), gradient, zeros(whole[axis] - range.upperBound)],
        alongAxis: axis)
    ]
  }
}

private struct Concatenate: CustomOperation {
  let axis: Int

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.savedShapes = inputs.map(\.shape)
    return .concatenated(inputs, alongAxis: axis)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let g = gradient
    var start = 0
    return context.savedShapes.enumerated().map { index, part in
      let range = start..<(start + part[axis])
      start = range.upperBound
      return context.needsGradient[index] ? g.sliced(range, alongAxis: axis) : nil
    }
  }
}
