/// softmax(Q Kᵀ / sqrt(headSize)) V over the keys that `mask` lets each query see, with the scores
/// that `scores` forms from Q Kᵀ.
///
/// `queries` is `[batch, queries, heads, headSize]`; `keys` and `values` are `[batch, keys,
/// keyHeads, headSize]`, where `heads` is a multiple of `keyHeads` and neighbouring query heads
/// share a key head. Views with whole heads are read in place. The scores exist for one block of
/// queries per thread, so memory grows with the number of keys, not its square. Hidden keys and
/// values must be finite. Returns the result and the logarithm of the sum of the exponentials of
/// each query's scores, `[batch, heads, queries]`: all that the gradient needs besides the
/// arguments. Traps when the shapes do not fit.
package func attention<Scalar: RealScalar>(
  queries: Tensor<Scalar>, keys: Tensor<Scalar>, values: Tensor<Scalar>, mask: AttentionMask,
  scores: AttentionScores = AttentionScores()
) -> (output: Tensor<Scalar>, logsum: Tensor<Scalar>) {
  let problem = AttentionProblem<Scalar>(queries.shape, keys.shape, values.shape, mask)
  let q = AttentionOperand(queries)
  let k = AttentionOperand(keys)
  let v = AttentionOperand(values)
  let output = AttentionOperand(
    Tensor<Scalar>(storage: TensorStorage(count: queries.elementCount), shape: queries.shape))
  let logsums: Shape = [problem.batch, problem.heads, problem.queries]
  let logsum = Tensor<Scalar>(storage: TensorStorage(count: logsums.elementCount), shape: logsums)
  let d = problem.headSize
  let (scale, cap) = (scores.scale(headSize: d, as: Scalar.self), scores.softCap(as: Scalar.self))
  parallelFor(problem.batch * problem.heads, grain: problem.grain(heads: 1)) { range in
    let scratch = TensorStorage<Scalar>(count: problem.scratchCount)
    let p = scratch.base
    for index in range {
      let (b, head) = index.quotientAndRemainder(dividingBy: problem.heads)
      let keyHead = head / problem.group
      problem.forEachBlock(of: b) { block in
        let (n, m, ld, first) = (
          block.rows.count, block.keys.count, block.stride, block.keys.lowerBound
        )
        let row = block.rows.lowerBound
        gemm(
          false, true, n, m, d, scale, q.at(b, row, head), q.stride, k.at(b, first, keyHead),
          k.stride, 0, p, ld)
        cap?.apply(to: p, n * ld)
        block.softmax(p, logsum.base + index * problem.queries + row)
        gemm(
          false, false, n, d, m, 1, p, ld, v.at(b, first, keyHead), v.stride, 0,
          output.at(b, row, head), output.stride)
      }
    }
    withExtendedLifetime(scratch) {}
  }
  withExtendedLifetime((q, k, v, problem)) {}
  return (output.tensor, logsum)
}

/// The gradients of `attention` for its three arguments, from those, the `logsum` it returned and
/// the gradient of its output `[batch, queries, heads, headSize]`. Probabilities are computed
/// again, block by block.
package func attentionGradient<Scalar: RealScalar>(
  queries: Tensor<Scalar>, keys: Tensor<Scalar>, values: Tensor<Scalar>, mask: AttentionMask,
  scores: AttentionScores = AttentionScores(), logsum: Tensor<Scalar>, _ gradient: Tensor<Scalar>
) -> (queries: Tensor<Scalar>, keys: Tensor<Scalar>, values: Tensor<Scalar>) {
  let problem = AttentionProblem<Scalar>(queries.shape, keys.shape, values.shape, mask)
  precondition(
    gradient.shape == queries.shape
      && logsum.shape == [problem.batch, problem.heads, problem.queries] && logsum.isContiguous,
    """
    attentionGradient: gradient \(gradient.shape), queries \(queries.shape), logsum \(logsum.shape)
    """)
  let q = AttentionOperand(queries)
  let k = AttentionOperand(keys)
  let v = AttentionOperand(values)
  let g = AttentionOperand(gradient)
  let dq = AttentionOperand(
    Tensor<Scalar>(storage: TensorStorage(count: queries.elementCount), shape: queries.shape))
  let dk = AttentionOperand(
    Tensor<Scalar>(storage: TensorStorage(count: keys.elementCount), shape: keys.shape))
  let dv = AttentionOperand(
    Tensor<Scalar>(storage: TensorStorage(count: keys.elementCount), shape: keys.shape))
  let d = problem.headSize
  let (scale, cap) = (scores.scale(headSize: d, as: Scalar.self), scores.softCap(as: Scalar.self))
  // Each thread takes all queries of a key head, so that no other thread adds to its dk and dv.
  parallelFor(problem.batch * problem.keyHeads, grain: problem.grain(heads: problem.group)) {
    range in
    let scratch = TensorStorage<Scalar>(count: (cap == nil ? 2 : 3) * problem.scratchCount)
    let p = scratch.base
    let ds = scratch.base + problem.scratchCount
    let uncapped = ds + problem.scratchCount
    for index in range {
      let (b, keyHead) = index.quotientAndRemainder(dividingBy: problem.keyHeads)
      // Keys that nothing has been added to yet.
      var untouched = 0..<problem.keys
      for head in keyHead * problem.group..<(keyHead + 1) * problem.group {
        problem.forEachBlock(of: b) { block in
          let (n, m, ld) = (block.rows.count, block.keys.count, block.stride)
          let (row, first) = (block.rows.lowerBound, block.keys.lowerBound)
          let (qRow, gRow) = (q.at(b, row, head), g.at(b, row, head))
          let (kRow, vRow) = (k.at(b, first, keyHead), v.at(b, first, keyHead))
          let sums = logsum.base + (b * problem.heads + head) * problem.queries + row
          // The first block sees the most keys, usually all: it need not add to zeros.
          let keeping: Scalar = block.keys == untouched ? 0 : 1
          if keeping == 1 {
            dk.clear(b, untouched, keyHead)
            dv.clear(b, untouched, keyHead)
          }
          untouched = 0..<0
          gemm(false, true, n, m, d, scale, qRow, q.stride, kRow, k.stride, 0, p, ld)
          if let cap {
            uncapped.update(from: p, count: n * ld)
            cap.apply(to: p, n * ld)
          }
          block.probabilities(p, sums)
          gemm(
            true, false, m, d, n, 1, p, ld, gRow, g.stride, keeping, dv.at(b, first, keyHead),
            dv.stride)
          gemm(false, true, n, m, d, 1, gRow, g.stride, vRow, v.stride, 0, ds, ld)
          block.softmaxGradient(p, ds)
          cap?.pullBack(ds, from: uncapped, n * ld)
          gemm(
            false, false, n, d, m, scale, ds, ld, kRow, k.stride, 0, dq.at(b, row, head),
            dq.stride)
          gemm(
            true, false, m, d, n, scale, ds, ld, qRow, q.stride, keeping,
            dk.at(b, first, keyHead), dk.stride)
        }
      }
      dk.clear(b, untouched, keyHead)
      dv.clear(b, untouched, keyHead)
    }
    withExtendedLifetime(scratch) {}
  }
  withExtendedLifetime((q, k, v, g, logsum, problem)) {}
  return (dq.tensor, dk.tensor, dv.tensor)
}

/// The sizes of an attention and its blocks of queries.
private struct AttentionProblem<Scalar: RealScalar> {
  let batch, queries, keys, heads, keyHeads, headSize: Int
  private let isCausal: Bool
  private let window: Int?
  /// `[batch, queries]`: the first key of each query.
  private let firstKeys: Tensor<Int32>?
  /// Of each sequence the keys from its first visible one to its last.
  private let visible: [Range<Int>]
  /// `[batch, keys]`: 0 where a key is visible, -infinity where not; nil if only the ends of
  /// sequences are hidden.
  private let holes: Tensor<Scalar>?

  init(_ q: Shape, _ k: Shape, _ v: Shape, _ mask: AttentionMask) {
    precondition(
      q.rank == 4 && k.rank == 4 && k == v && q[0] == k[0] && q[3] == k[3]
        && k[2] > 0 && q[2] % k[2] == 0 && (q[1] <= k[1] || !mask.isCausal),
      "attention: queries \(q), keys \(k), values \(v)")
    (batch, queries, heads, headSize) = (q[0], q[1], q[2], q[3])
    (keys, keyHeads) = (k[1], k[2])
    isCausal = mask.isCausal
    window = mask.window
    precondition(
      mask.firstKeys.map { $0.shape == [q[0], q[1]] } ?? true,
      "attention: first keys \(mask.firstKeys?.shape ?? []) do not fit queries \(q)")
    firstKeys = mask.firstKeys?.contiguous()
    guard let marks = mask.visibleKeys else {
      visible = Array(repeating: 0..<k[1], count: q[0])
      holes = nil
      return
    }
    precondition(
      marks.shape == [k[0], k[1]], "attention: visible keys \(marks.shape) do not fit keys \(k)")
    let keys = keys
    let (ranges, seen) = marks.withUnsafeBuffer { marks in
      var ranges: [Range<Int>] = []
      var seen = 0
      for row in 0..<k[0] {
        let row = marks[row * keys..<(row + 1) * keys]
        seen += row.count { $0 != 0 }
        guard let first = row.firstIndex(where: { $0 != 0 }) else {
          ranges.append(0..<0)
          continue
        }
        let last = row.lastIndex { $0 != 0 }!
        ranges.append(first - row.startIndex..<last - row.startIndex + 1)
      }
      return (ranges, seen)
    }
    visible = ranges
    holes =
      seen == ranges.reduce(0) { $0 + $1.count }
      ? nil
      : Tensor(marks.scalars.map { $0 == 0 ? -Scalar.infinity : 0 }, shape: marks.shape)
  }

  /// Query heads that share a key head.
  var group: Int { heads / keyHeads }

  /// Small blocks waste less on the masked triangle, large ones feed the matrix products better.
  var blockRows: Int { 64 }

  /// The scalars in one block of scores.
  var scratchCount: Int { min(blockRows, queries) * attentionStride(keys) }

  /// Calls `body` with the blocks of queries of a sequence, the last one first, and the keys that
  /// any query of the block sees.
  func forEachBlock(of sequence: Int, _ body: (AttentionBlock<Scalar>) -> Void) {
    let visible = visible[sequence]
    let holes = holes.map { UnsafePointer($0.base) + sequence * keys }
    let firstKeys = firstKeys.map { UnsafePointer($0.base) + sequence * queries }
    for start in stride(from: 0, to: queries, by: blockRows).reversed() {
      let end = min(start + blockRows, queries)
      // The position of the first query.
      let position = isCausal ? keys - queries + start : keys
      let last = min(visible.upperBound, isCausal ? keys - queries + end : keys)
      // The first key in the first query's window, which moves on with the queries.
      let windowed = max(visible.lowerBound, window.map { position + 1 - $0 } ?? 0)
      let firstKeys = firstKeys.map { UnsafeBufferPointer(start: $0 + start, count: end - start) }
      let first = max(windowed, firstKeys?.min().map(Int.init) ?? 0)
      body(
        AttentionBlock(
          rows: start..<end, keys: min(first, last)..<last, position: position,
          isCausal: isCausal, window: window, firstKeys: firstKeys, holes: holes))
    }
  }

  /// The fewest parts worth a thread, each of `heads` query heads.
  func grain(heads: Int) -> Int { max(1, (1 << 17) / max(1, heads * queries * keys * headSize)) }
}

/// The stride between rows of scores, which begin at cache lines.
func attentionStride(_ keys: Int) -> Int { max(16, (keys + 15) & ~15) }

/// A block of queries and the keys that any of them sees.
private struct AttentionBlock<Scalar: RealScalar> {
  let rows: Range<Int>
  let keys: Range<Int>
  /// The position of the first query.
  let position: Int
  let isCausal: Bool
  let window: Int?
  /// Of each row.
  let firstKeys: UnsafeBufferPointer<Int32>?
  let holes: UnsafePointer<Scalar>?

  var stride: Int { attentionStride(keys.count) }

  /// How many of the keys the first query sees.
  private var visible: Int { isCausal ? position + 1 - keys.lowerBound : keys.count }
  /// How many more each following query sees.
  private var step: Int { isCausal ? 1 : 0 }

  /// Turns scores into probabilities, 0 where a key is hidden, and stores their logsums.
  func softmax(_ p: UnsafeMutablePointer<Scalar>, _ logsum: UnsafeMutablePointer<Scalar>) {
    hide(p)
    Scalar._attentionSoftmax(p, logsum, rows.count, keys.count, stride, visible, step)
  }

  /// Turns scores into probabilities by means of their logsums.
  func probabilities(_ p: UnsafeMutablePointer<Scalar>, _ logsum: UnsafePointer<Scalar>) {
    hide(p)
    Scalar._attentionProbabilities(p, logsum, rows.count, keys.count, stride, visible, step)
  }

  /// Turns the gradient `g` of the probabilities `p` into that of the scores, in place.
  func softmaxGradient(_ p: UnsafePointer<Scalar>, _ g: UnsafeMutablePointer<Scalar>) {
    Scalar._attentionGradient(p, g, rows.count, keys.count, stride, visible, step)
  }

  private func hide(_ p: UnsafeMutablePointer<Scalar>) {
    if window != nil || firstKeys != nil {
      for row in 0..<rows.count {
        let first = max(
          window.map { position + row + 1 - $0 } ?? 0, firstKeys.map { Int($0[row]) } ?? 0)
        let before = first - keys.lowerBound
        if before > 0 {
          Scalar._fill(-.infinity, p + row * stride, min(before, keys.count))
        }
      }
    }
    guard let holes else { return }
    for row in 0..<rows.count {
      let (p, holes) = (p + row * stride, holes + keys.lowerBound)
      Scalar._binary(BinaryKernel.add.rawValue, p, 1, holes, 1, p, keys.count)
    }
  }
}

/// A tensor `[batch, tokens, heads, headSize]` whose heads BLAS can read in place.
struct AttentionOperand<Scalar: RealScalar> {
  let tensor: Tensor<Scalar>
  let base: UnsafeMutablePointer<Scalar>
  private let strides: (Int, Int, Int)

  init(_ tensor: Tensor<Scalar>) {
    let steps = tensor.strides
    let whole = steps[3] == 1 && steps[1] >= tensor.shape[3]
    self.tensor = whole ? tensor : tensor.copied()
    base = self.tensor.base
    let own = self.tensor.strides
    strides = (own[0], own[1], own[2])
  }

  /// The stride from token to token.
  var stride: Int { strides.1 }

  /// Sets the heads of a range of tokens to 0.
  func clear(_ batch: Int, _ tokens: Range<Int>, _ head: Int) {
    for token in tokens { Scalar._fill(0, at(batch, token, head), tensor.shape[3]) }
  }

  func at(_ batch: Int, _ token: Int, _ head: Int) -> UnsafeMutablePointer<Scalar> {
    base + batch * strides.0 + token * strides.1 + head * strides.2
  }
}
