public import Tensors

/// The rows of `table` `[vocabulary, d]` at `indices`: `[indices.shape..., d]`. Saves only the indices.
/// Traps on an index outside the table.
public func embedding(_ table: Variable, at indices: Tensor<Int32>) -> Variable {
  guard case .bfloat16(let rows) = table.value else {
    return EmbeddingRows(indices: indices)(table)
  }
  // Only the selected rows are widened; a tensor without storage represents the table.
  let standIn = Variable(
    value: .float(Tensor(0).broadcast(to: table.shape)), node: table.node)
  return EmbeddingRows(indices: indices, half: HalfTable(rows))(standIn)
}

/// The same for indices of 64 bits.
@_disfavoredOverload
public func embedding(_ table: Variable, at indices: Tensor<Int64>) -> Variable {
  embedding(table, at: indices.narrowed("embedding"))
}

private struct EmbeddingRows: CustomOperation {
  let indices: Tensor<Int32>
  /// The table, if it is stored in 16 bits.
  var half: HalfTable?

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.savedShapes = [inputs[0].shape]
    return half?.take()?.gatheringRows(at: indices).converted(to: S.self)
      ?? inputs[0].gatheringRows(at: indices)
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    var table = Tensor<S>.zeros(context.savedShapes[0])
    table.scatterAdd(gradient, at: indices)
    return [table]
  }
}
