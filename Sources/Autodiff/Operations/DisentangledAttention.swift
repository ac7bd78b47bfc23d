public import Tensors

/// softmax((Q Kᵀ + C + P) scale) V, where C[i, j] = q_i · a of the row that the places give for i - j,
/// and P[i, j] = k_j · b of that row: the disentangled attention of DeBERTa (He et al., 2020,
/// arXiv 2006.03654).
///
/// Keeps its arguments and one number a query and head, never the scores. Traps when the shapes do not
/// fit.
///
/// - Parameters:
///   - queries: `[batch, tokens, heads, headSize]`, as `keys` and `values` are.
///   - keys: What queries are compared with.
///   - values: What is mixed.
///   - positionKeys: a, `[places.rowCount, heads, headSize]`; nil leaves C out.
///   - positionQueries: b, of the same shape; nil leaves P out.
///   - places: The row of each distance between two tokens.
///   - visible: `[batch, tokens]`, 0 where a key is hidden; all are seen when nil.
///   - scale: What the scores are multiplied with.
public func disentangledAttention(
  queries: Variable, keys: Variable, values: Variable, positionKeys: Variable?,
  positionQueries: Variable?, places: RelativePlaces, visible: Tensor<UInt8>? = nil, scale: Double
) -> Variable {
  let operation = DisentangledAttention(
    places: places, visible: visible, scale: scale, hasKeys: positionKeys != nil,
    hasQueries: positionQueries != nil)
  return operation.apply(
    to: [queries, keys, values] + [positionKeys, positionQueries].compactMap { $0 })
}

private struct DisentangledAttention: CustomOperation {
  let places: RelativePlaces
  let visible: Tensor<UInt8>?
  let scale: Double
  let hasKeys, hasQueries: Bool

  private func positions<S: RealScalar>(_ inputs: [Tensor<S>]) -> (
    keys: Tensor<S>?, queries: Tensor<S>?
  ) {
    (hasKeys ? inputs[3] : nil, hasQueries ? inputs[hasKeys ? 4 : 3] : nil)
  }

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let positions = positions(inputs)
    let (output, logsum) = disentangledAttention(
      queries: inputs[0], keys: inputs[1], values: inputs[2], positionKeys: positions.keys,
      positionQueries: positions.queries, places: places, visible: visible, scale: scale)
    for input in inputs { context.save(input) }
    context.save(logsum)
    return output
  }
  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let saved = context.takeSaved()
    let positions = positions(saved)
    let shares = disentangledAttentionGradient(
      queries: saved[0], keys: saved[1], values: saved[2], positionKeys: positions.keys,
      positionQueries: positions.queries, places: places, visible: visible, scale: scale,
      logsum: saved[saved.count - 1], gradient)
    return [shares.queries, shares.keys, shares.values]
      + (hasKeys ? [shares.positionKeys] : []) + (hasQueries ? [shares.positionQueries] : [])
  }
}
