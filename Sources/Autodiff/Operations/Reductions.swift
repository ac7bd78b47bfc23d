import Tensors

extension Variable {
  /// The sum of all elements, a scalar.
  public func sum() -> Variable { SumAll(dividing: false)(self) }

  /// The mean of all elements, a scalar.
  public func mean() -> Variable { SumAll(dividing: true)(self) }

  /// Sums along the given axes, which are kept with size 1.
  public func sum(alongAxes axes: [Int]) -> Variable { SumAxes(axes: axes)(self) }

  /// Means along the given axes, which are kept with size 1.
  public func mean(alongAxes axes: [Int]) -> Variable {
    let result = sum(alongAxes: axes)
    return result
      * (Double(max(1, result.shape.elementCount)) / Double(max(1, shape.elementCount)))
  }
}

private struct SumAll: CustomOperation {
  let dividing: Bool

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.savedShapes = [inputs[0].shape]
    return Tensor(dividing ? inputs[0].mean() : inputs[0].sum())
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let shape = context.savedShapes[0]
    let value = gradient.scalar / (dividing ? S(shape.elementCount) : 1)
    return [Tensor(repeating: value, shape: shape)]
  }
}

private struct SumAxes: CustomOperation {
  let axes: [Int]

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.savedShapes = [inputs[0].shape]
    return inputs[0].sum(alongAxes: axes)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [gradient.broadcast(to: context.savedShapes[0])]
  }
}
