import Tensors

/// exp(x) divided by its sum along each row of the last axis. Saves its output.
public func softmax(_ x: Variable) -> Variable { Softmax()(x) }

/// The logarithm of `softmax`, accurate even if a probability underflows. Saves its output.
public func logSoftmax(_ x: Variable) -> Variable { LogSoftmax()(x) }

private struct Softmax: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let y = softmax(inputs[0])
    context.save(y)
    return y
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [softmaxGradient(output: context.saved[0], gradient)]
  }
}

private struct LogSoftmax: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let y = logSoftmax(inputs[0])
    context.save(y)
    return y
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    [logSoftmaxGradient(output: context.takeSaved()[0], gradient)]
  }
}
