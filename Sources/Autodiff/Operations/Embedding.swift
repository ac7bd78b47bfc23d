public import Tensors

/// The rows of `table` `[vocabulary, d]` at `indices`: `[indices.shape..., d]`. Keeps nothing of the
/// table. Traps on an index outside the rows.
public func embedding(_ table: Variable, at indices: Tensor<Int32>) -> Variable {
  EmbeddingRows(indices: indices)(table)
}

private struct EmbeddingRows: CustomOperation {
  let indices: Tensor<Int32>

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.savedShapes = [inputs[0].shape]
    return inputs[0].gatheringRows(at: indices)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    var table = Tensor<S>.zeros(context.savedShapes[0])
    table.scatterAdd(gradient, at: indices)
    return [table]
  }
}
