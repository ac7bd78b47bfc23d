public import Tensors

/// softmax(Q Kᵀ / sqrt(headSize)) V over the keys that `mask` makes visible to each query, with Q Kᵀ
/// scaled and capped by `scores`.
///
/// `queries` is `[batch, queries, heads, headSize]`; `keys` and `values` are
/// `[batch, keys, keyHeads, headSize]`, where `heads` is a multiple of `keyHeads` and neighbouring
/// query heads share a key head. Saves its three arguments and one number per query and head, never the
/// scores. Hidden keys and values must be finite. Traps if the shapes do not fit.
public func attention(
  queries: Variable, keys: Variable, values: Variable, mask: AttentionMask,
  scores: AttentionScores = AttentionScores()
) -> Variable {
  Attention(mask: mask, scores: scores)(queries, keys, values)
}

/// `attention` in which each query attends to the keys up to its own position. With more keys than
/// queries, query i has position keys - queries + i.
public func causalAttention(queries: Variable, keys: Variable, values: Variable) -> Variable {
  Attention(mask: .causal, scores: AttentionScores())(queries, keys, values)
}

private struct Attention: CustomOperation {
  let mask: AttentionMask
  let scores: AttentionScores

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let (output, logsum) = attention(
      queries: inputs[0], keys: inputs[1], values: inputs[2], mask: mask, scores: scores)
    context.save(inputs[0], inputs[1], inputs[2], logsum)
    return output
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let saved = context.takeSaved()
    let shares = attentionGradient(
      queries: saved[0], keys: saved[1], values: saved[2], mask: mask, scores: scores,
      logsum: saved[3], gradient)
    return [
      context.needsGradient[0] ? shares.queries : nil,
      context.needsGradient[1] ? shares.keys : nil,
      context.needsGradient[2] ? shares.values : nil,
    ]
  }
}
