/// softmax(Q Kᵀ / sqrt(headSize)) V, each query seeing the keys up to its own position.
///
/// `queries` is `[batch, queries, heads, headSize]`; `keys` and `values` are
/// `[batch, keys, keyHeads, headSize]`, where `heads` is a multiple of `keyHeads` and neighbouring
/// query heads share a key head. With more keys than queries, as behind a key-value cache, query i
/// stands at position keys - queries + i. Views with whole heads are taken as they are. The scores
/// exist for one block of queries a thread, so memory grows with the number of keys, not its square.
/// Traps when the shapes do not fit.
package func causalAttention<Scalar: RealScalar>(
  queries: Tensor<Scalar>, keys: Tensor<Scalar>, values: Tensor<Scalar>
) -> Tensor<Scalar> {
  let problem = AttentionProblem(queries.shape, keys.shape, values.shape)
  let q = AttentionOperand(queries)
  let k = AttentionOperand(keys)
  let v = AttentionOperand(values)
  let output = AttentionOperand(
    Tensor<Scalar>(storage: TensorStorage(count: queries.elementCount), shape: queries.shape))
  let (d, scale) = (problem.headSize, 1 / Scalar(problem.headSize).squareRoot())
  parallelFor(problem.batch * problem.heads, grain: problem.grain(heads: 1)) { range in
    let scratch = TensorStorage<Scalar>(count: problem.scratchCount)
    let p = scratch.base
    for index in range {
      let (b, head) = index.quotientAndRemainder(dividingBy: problem.heads)
      let keyHead = head / problem.group
      for block in problem.blocks {
        let (n, m, ld) = (block.rows.count, block.keys, block.stride)
        let row = block.rows.lowerBound
        gemm(
          false, true, n, m, d, scale, q.at(b, row, head), q.stride, k.at(b, 0, keyHead), k.stride,
          0, p, ld)
        block.softmax(p)
        gemm(
          false, false, n, d, m, 1, p, ld, v.at(b, 0, keyHead), v.stride, 0,
          output.at(b, row, head), output.stride)
      }
    }
    withExtendedLifetime(scratch) {}
  }
  withExtendedLifetime((q, k, v)) {}
  return output.tensor
}

/// The gradients of `causalAttention` for its three arguments, from those and the gradient of its
/// output `[batch, queries, heads, headSize]`. Probabilities are worked out again, block by block.
package func causalAttentionGradient<Scalar: RealScalar>(
  queries: Tensor<Scalar>, keys: Tensor<Scalar>, values: Tensor<Scalar>, _ gradient: Tensor<Scalar>
) -> (queries: Tensor<Scalar>, keys: Tensor<Scalar>, values: Tensor<Scalar>) {
  let problem = AttentionProblem(queries.shape, keys.shape, values.shape)
  precondition(
    gradient.shape == queries.shape,
    "causalAttentionGradient: gradient \(gradient.shape), queries \(queries.shape)")
  let q = AttentionOperand(queries)
  let k = AttentionOperand(keys)
  let v = AttentionOperand(values)
  let g = AttentionOperand(gradient)
  let dq = AttentionOperand(
    Tensor<Scalar>(storage: TensorStorage(count: queries.elementCount), shape: queries.shape))
  let dk = AttentionOperand(Tensor<Scalar>.zeros(keys.shape))
  let dv = AttentionOperand(Tensor<Scalar>.zeros(values.shape))
  let (d, scale) = (problem.headSize, 1 / Scalar(problem.headSize).squareRoot())
  // A thread has all queries of a key head, so that nobody else adds to its dk and dv.
  parallelFor(problem.batch * problem.keyHeads, grain: problem.grain(heads: problem.group)) {
    range in
    let scratch = TensorStorage<Scalar>(count: 2 * problem.scratchCount)
    let p = scratch.base
    let ds = scratch.base + problem.scratchCount
    for index in range {
      let (b, keyHead) = index.quotientAndRemainder(dividingBy: problem.keyHeads)
      for head in keyHead * problem.group..<(keyHead + 1) * problem.group {
        for block in problem.blocks {
          let (n, m, ld) = (block.rows.count, block.keys, block.stride)
          let row = block.rows.lowerBound
          let (qRow, gRow) = (q.at(b, row, head), g.at(b, row, head))
          let (kRow, vRow) = (k.at(b, 0, keyHead), v.at(b, 0, keyHead))
          gemm(false, true, n, m, d, scale, qRow, q.stride, kRow, k.stride, 0, p, ld)
          block.softmax(p)
          gemm(
            true, false, m, d, n, 1, p, ld, gRow, g.stride, 1, dv.at(b, 0, keyHead), dv.stride)
          gemm(false, true, n, m, d, 1, gRow, g.stride, vRow, v.stride, 0, ds, ld)
          block.softmaxGradient(p, ds)
          gemm(
            false, false, n, d, m, scale, ds, ld, kRow, k.stride, 0, dq.at(b, row, head),
            dq.stride)
          gemm(
            true, false, m, d, n, scale, ds, ld, qRow, q.stride, 1, dk.at(b, 0, keyHead),
            dk.stride)
        }
      }
    }
    withExtendedLifetime(scratch) {}
  }
  withExtendedLifetime((q, k, v, g)) {}
  return (dq.tensor, dk.tensor, dv.tensor)
}

/// The sizes of an attention and its blocks of queries.
private struct AttentionProblem {
  let batch, queries, keys, heads, keyHeads, headSize: Int

  init(_ q: Shape, _ k: Shape, _ v: Shape) {
    precondition(
      q.rank == 4 && k.rank == 4 && k == v && q[0] == k[0] && q[3] == k[3] && q[1] <= k[1]
        && k[2] > 0 && q[2] % k[2] == 0,
      "causalAttention: queries \(q), keys \(k), values \(v)")
    (batch, queries, heads, headSize) = (q[0], q[1], q[2], q[3])
    (keys, keyHeads) = (k[1], k[2])
  }

  /// Query heads that share a key head.
  var group: Int { heads / keyHeads }

  /// Small blocks waste less on the masked triangle, large ones feed the matrix products better.
  var blockRows: Int { 64 }

  /// Scalars of one block of scores.
  var scratchCount: Int { min(blockRows, queries) * AttentionBlock.stride(keys) }

  var blocks: [AttentionBlock] {
    stride(from: 0, to: queries, by: blockRows).map { start in
      let end = min(start + blockRows, queries)
      return AttentionBlock(rows: start..<end, keys: keys - queries + end)
    }
  }

  /// Parts a thread should at least have, each of `heads` query heads.
  func grain(heads: Int) -> Int { max(1, (1 << 17) / max(1, heads * queries * keys * headSize)) }
}

/// A block of queries and the keys its last one sees.
private struct AttentionBlock {
  let rows: Range<Int>
  let keys: Int

  /// Rows of scores begin at cache lines.
  static func stride(_ keys: Int) -> Int { (keys + 15) & ~15 }
  var stride: Int { Self.stride(keys) }

  /// Keys seen by query `row` of the block.
  private func visible(_ row: Int) -> Int { keys - rows.count + row + 1 }

  /// Scores to probabilities; 0 behind each query's own position.
  func softmax<Scalar: RealScalar>(_ p: UnsafeMutablePointer<Scalar>) {
    for row in 0..<rows.count {
      let (p, count) = (p + row * stride, visible(row))
      Scalar._softmaxRows(p, p, 1, count)
      Scalar._fill(0, p + count, keys - count)
    }
  }

  /// The gradient `g` of the probabilities `p` to that of the scores, in place.
  func softmaxGradient<Scalar: RealScalar>(
    _ p: UnsafePointer<Scalar>, _ g: UnsafeMutablePointer<Scalar>
  ) {
    for row in 0..<rows.count {
      let (p, g, count) = (p + row * stride, g + row * stride, visible(row))
      Scalar._softmaxRowsGradient(p, g, g, 1, count)
      Scalar._fill(0, g + count, keys - count)
    }
  }
}

/// A tensor `[batch, tokens, heads, headSize]` whose heads BLAS can read where they lie.
private struct AttentionOperand<Scalar: RealScalar> {
  let tensor: Tensor<Scalar>
  private let base: UnsafeMutablePointer<Scalar>
  private let strides: (Int, Int, Int)

  init(_ tensor: Tensor<Scalar>) {
    let steps = tensor.strides
    let whole = steps[3] == 1 && steps[1] >= tensor.shape[3]
    self.tensor = whole ? tensor : tensor.copied()
    base = self.tensor.base
    let own = self.tensor.strides
    strides = (own[0], own[1], own[2])
  }

  /// From token to token.
  var stride: Int { strides.1 }

  func at(_ batch: Int, _ token: Int, _ head: Int) -> UnsafeMutablePointer<Scalar> {
    base + batch * strides.0 + token * strides.1 + head * strides.2
  }
}
