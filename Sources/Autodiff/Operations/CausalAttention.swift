import Tensors

/// softmax(Q Kᵀ / sqrt(headSize)) V, each query seeing the keys up to its own position.
///
/// `queries` is `[batch, queries, heads, headSize]`; `keys` and `values` are
/// `[batch, keys, keyHeads, headSize]`, where `heads` is a multiple of `keyHeads` and neighbouring
/// query heads share a key head. With more keys than queries, query i stands at position
/// keys - queries + i. Keeps its three arguments, never the scores. Traps when the shapes do not fit.
public func causalAttention(queries: Variable, keys: Variable, values: Variable) -> Variable {
  CausalAttention()(queries, keys, values)
}

private struct CausalAttention: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0], inputs[1], inputs[2])
    return causalAttention(queries: inputs[0], keys: inputs[1], values: inputs[2])
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let saved = context.takeSaved()
    let shares = causalAttentionGradient(
      queries: saved[0], keys: saved[1], values: saved[2], gradient)
    return [
      context.needsGradient[0] ? shares.queries : nil,
      context.needsGradient[1] ? shares.keys : nil,
      context.needsGradient[2] ? shares.values : nil,
    ]
  }
}
