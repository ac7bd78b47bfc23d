/// Where two tokens stand to each other, as an attention over relative positions sees it: a row of the
/// table of positions for each distance.
public struct RelativePlaces: Sendable, Hashable {
  /// How many tokens there are at most.
  public let tokens: Int
  /// Rows of the table of positions.
  public let rowCount: Int
  /// The row of each distance of a query behind its key, from 1 - tokens to tokens - 1.
  let rows: [Int32]

  /// The places of up to `tokens` tokens: `row` gives the row of a query that stands so many tokens
  /// behind a key. Traps on a row outside the table.
  public init(tokens: Int, rowCount: Int, row: (Int) -> Int) {
    self.tokens = tokens
    self.rowCount = rowCount
    rows =
      tokens == 0
      ? []
      : (1 - tokens...tokens - 1).map { distance in
        let row = row(distance)
        precondition(
          (0..<rowCount).contains(row), "RelativePlaces: row \(row) is outside 0..<\(rowCount)")
        return Int32(row)
      }
  }
}

/// softmax((Q Kᵀ + C + P) scale) V, where C[i, j] = q_i · a of the row that the places give for i - j,
/// and P[i, j] = k_j · b of that row: the disentangled attention of DeBERTa (He et al., 2020,
/// arXiv 2006.03654).
///
/// `queries`, `keys` and `values` are `[batch, tokens, heads, headSize]`; a and b, `positionKeys` and
/// `positionQueries`, are `[places.rowCount, heads, headSize]`, or nil where their product is left out.
/// `visible` is `[batch, tokens]`, 0 where a key is hidden; the outputs of a sequence of hidden keys
/// are 0. Scores exist for one sequence and head a thread. Returns the result and the logarithm of
/// the sum of the exponentials of each query's scores, `[batch, heads, tokens]`. Traps when the shapes
/// do not fit.
package func disentangledAttention<Scalar: RealScalar>(
  queries: Tensor<Scalar>, keys: Tensor<Scalar>, values: Tensor<Scalar>,
  positionKeys: Tensor<Scalar>?, positionQueries: Tensor<Scalar>?, places: RelativePlaces,
  visible: Tensor<UInt8>?, scale: Double
) -> (output: Tensor<Scalar>, logsum: Tensor<Scalar>) {
  let problem = DisentangledProblem(
    queries, keys, values, positionKeys, positionQueries, places, visible, scale)
  let shape = queries.shape
  let output = AttentionOperand(Tensor<Scalar>.zeros(shape))
  let logsum = Tensor<Scalar>.zeros([shape[0], shape[2], shape[1]])
  parallelFor(shape[0] * shape[2], grain: problem.grain) { range in
    let scratch = TensorStorage<Scalar>(count: problem.scoreCount + problem.placeCount)
    let (p, c) = (scratch.base, scratch.base + problem.scoreCount)
    for index in range {
      let (b, head) = index.quotientAndRemainder(dividingBy: shape[2])
      let seen = problem.seen[b]
      guard !seen.isEmpty else { continue }
      problem.scores(b, head, p, c)
      Scalar._attentionSoftmax(
        p, logsum.base + index * problem.tokens, problem.tokens, seen.count, problem.stride,
        seen.count, 0)
      gemm(
        false, false, problem.tokens, problem.headSize, seen.count, 1, p, problem.stride,
        problem.v.at(b, seen.lowerBound, head), problem.v.stride, 0, output.at(b, 0, head),
        output.stride)
    }
    withExtendedLifetime(scratch) {}
  }
  withExtendedLifetime(problem) {}
  return (output.tensor, logsum)
}

/// The gradients of `disentangledAttention` for its arguments, from those, the `logsum` it returned and
/// the gradient of its output; nil for positions that were.
package func disentangledAttentionGradient<Scalar: RealScalar>(
  queries: Tensor<Scalar>, keys: Tensor<Scalar>, values: Tensor<Scalar>,
  positionKeys: Tensor<Scalar>?, positionQueries: Tensor<Scalar>?, places: RelativePlaces,
  visible: Tensor<UInt8>?, scale: Double, logsum: Tensor<Scalar>, _ gradient: Tensor<Scalar>
) -> (
  queries: Tensor<Scalar>, keys: Tensor<Scalar>, values: Tensor<Scalar>,
  positionKeys: Tensor<Scalar>?, positionQueries: Tensor<Scalar>?
) {
  let problem = DisentangledProblem(
    queries, keys, values, positionKeys, positionQueries, places, visible, scale)
  let shape = queries.shape
  precondition(gradient.shape == shape, "disentangledAttentionGradient: \(gradient.shape)")
  let g = AttentionOperand(gradient)
  let (dq, dk, dv) = (
    AttentionOperand(Tensor<Scalar>.zeros(shape)), AttentionOperand(Tensor<Scalar>.zeros(shape)),
    AttentionOperand(Tensor<Scalar>.zeros(shape))
  )
  let da = problem.a.map { PositionOperand(Tensor<Scalar>.zeros($0.tensor.shape)) }
  let db = problem.b.map { PositionOperand(Tensor<Scalar>.zeros($0.tensor.shape)) }
  let (n, d, ld, r) = (problem.tokens, problem.headSize, problem.stride, places.rowCount)
  let scale = problem.scale
  // A thread has all sequences of a head, so that nobody else adds to its positions' gradients.
  parallelFor(shape[2], grain: max(1, problem.grain / max(1, shape[0]))) { range in
    let scratch = TensorStorage<Scalar>(count: 2 * problem.scoreCount + problem.placeCount)
    let p = scratch.base
    let ds = p + problem.scoreCount
    let c = ds + problem.scoreCount
    for head in range {
      for b in 0..<shape[0] where !problem.seen[b].isEmpty {
        let (first, m) = (problem.seen[b].lowerBound, problem.seen[b].count)
        let (q, k, v) = (
          problem.q.at(b, 0, head), problem.k.at(b, first, head), problem.v.at(b, first, head)
        )
        problem.scores(b, head, p, c)
        Scalar._attentionProbabilities(
          p, logsum.base + (b * shape[2] + head) * n, n, m, ld, m, 0)
        let gRow = g.at(b, 0, head)
        gemm(true, false, m, d, n, 1, p, ld, gRow, g.stride, 0, dv.at(b, first, head), dv.stride)
        gemm(false, true, n, m, d, 1, gRow, g.stride, v, problem.v.stride, 0, ds, ld)
        Scalar._attentionGradient(p, ds, n, m, ld, m, 0)
        let (dqRow, dkRow) = (dq.at(b, 0, head), dk.at(b, first, head))
        gemm(false, false, n, d, m, scale, ds, ld, k, problem.k.stride, 0, dqRow, dq.stride)
        gemm(true, false, m, d, n, scale, ds, ld, q, problem.q.stride, 0, dkRow, dk.stride)
        if let a = problem.a, let da {
          Scalar._fill(0, c, n * r)
          problem.collect(ds, m, first, into: c, byQuery: true)
          gemm(false, false, n, d, r, scale, c, r, a.at(head), a.stride, 1, dqRow, dq.stride)
          gemm(true, false, r, d, n, scale, c, r, q, problem.q.stride, 1, da.at(head), da.stride)
        }
        if let keyed = problem.b, let db {
          Scalar._fill(0, c, m * r)
          problem.collect(ds, m, first, into: c, byQuery: false)
          gemm(
            false, false, m, d, r, scale, c, r, keyed.at(head), keyed.stride, 1, dkRow, dk.stride)
          gemm(true, false, r, d, m, scale, c, r, k, problem.k.stride, 1, db.at(head), db.stride)
        }
      }
    }
    withExtendedLifetime(scratch) {}
  }
  withExtendedLifetime((problem, g, logsum)) {}
  return (dq.tensor, dk.tensor, dv.tensor, da?.tensor, db?.tensor)
}

/// The sizes and operands of a disentangled attention.
private struct DisentangledProblem<Scalar: RealScalar> {
  let tokens, headSize: Int
  let q, k, v: AttentionOperand<Scalar>
  let a, b: PositionOperand<Scalar>?
  let scale: Scalar
  /// Of each sequence the keys from its first visible one to its last.
  let seen: [Range<Int>]
  private let places: RelativePlaces
  private let visible: Tensor<UInt8>?

  init(
    _ queries: Tensor<Scalar>, _ keys: Tensor<Scalar>, _ values: Tensor<Scalar>,
    _ positionKeys: Tensor<Scalar>?, _ positionQueries: Tensor<Scalar>?, _ places: RelativePlaces,
    _ visible: Tensor<UInt8>?, _ scale: Double
  ) {
    let shape = queries.shape
    precondition(
      shape.rank == 4 && keys.shape == shape && values.shape == shape && places.tokens >= shape[1]
        && visible?.shape ?? [shape[0], shape[1]] == [shape[0], shape[1]],
      "disentangledAttention: queries \(shape), keys \(keys.shape), values \(values.shape)")
    for table in [positionKeys, positionQueries] {
      precondition(
        table?.shape ?? [places.rowCount, shape[2], shape[3]]
          == [places.rowCount, shape[2], shape[3]],
        "disentangledAttention: positions \(table?.shape ?? []), queries \(shape)")
    }
    (tokens, headSize) = (shape[1], shape[3])
    (q, k, v) = (AttentionOperand(queries), AttentionOperand(keys), AttentionOperand(values))
    a = positionKeys.map { PositionOperand($0) }
    b = positionQueries.map { PositionOperand($0) }
    self.scale = Scalar(scale)
    self.places = places
    self.visible = visible?.contiguous()
    let tokens = tokens
    seen = (0..<shape[0]).map { row in
      guard let visible else { return 0..<tokens }
      let marks = visible.element(at: row).scalars
      guard let first = marks.firstIndex(where: { $0 != 0 }) else { return 0..<0 }
      return first..<marks.lastIndex { $0 != 0 }! + 1
    }
  }

  /// From one query's scores to the next one's.
  var stride: Int { attentionStride(tokens) }
  /// Scalars of the scores of a sequence and head.
  var scoreCount: Int { tokens * stride }
  /// Scalars of the products with the positions.
  var placeCount: Int { tokens * places.rowCount }
  /// Sequences and heads a thread should at least have.
  var grain: Int { max(1, (1 << 17) / max(1, tokens * (tokens + places.rowCount) * headSize)) }

  /// The scores of a sequence's visible keys; `c` has room for the products with the positions.
  func scores(
    _ sequence: Int, _ head: Int, _ p: UnsafeMutablePointer<Scalar>,
    _ c: UnsafeMutablePointer<Scalar>
  ) {
    let (first, m, r) = (seen[sequence].lowerBound, seen[sequence].count, places.rowCount)
    let (query, key) = (q.at(sequence, 0, head), k.at(sequence, first, head))
    gemm(false, true, tokens, m, headSize, scale, query, q.stride, key, k.stride, 0, p, stride)
    if let a {
      gemm(false, true, tokens, r, headSize, scale, query, q.stride, a.at(head), a.stride, 0, c, r)
      spread(c, m, first, to: p, byQuery: true)
    }
    if let b {
      gemm(false, true, m, r, headSize, scale, key, k.stride, b.at(head), b.stride, 0, c, r)
      spread(c, m, first, to: p, byQuery: false)
    }
    guard let visible else { return }
    visible.withPointer { marks in
      for j in 0..<m where marks[sequence * tokens + first + j] == 0 {
        for i in 0..<tokens { p[i * stride + j] = -.infinity }
      }
    }
  }

  /// Adds to the score of each pair the product at its place: in the row of its query, or of its key.
  private func spread(
    _ c: UnsafePointer<Scalar>, _ m: Int, _ first: Int, to p: UnsafeMutablePointer<Scalar>,
    byQuery: Bool
  ) {
    places.rows.withUnsafeBufferPointer { rows in
      spreadPlaces(
        c, p, tokens, m, stride, places.rowCount, rows.baseAddress! + places.tokens - 1 - first,
        byQuery)
    }
  }

  /// The other way: adds the gradient of each pair's score to its place.
  func collect(
    _ ds: UnsafePointer<Scalar>, _ m: Int, _ first: Int, into c: UnsafeMutablePointer<Scalar>,
    byQuery: Bool
  ) {
    places.rows.withUnsafeBufferPointer { rows in
      collectPlaces(
        ds, c, tokens, m, stride, places.rowCount,
        rows.baseAddress! + places.tokens - 1 - first, byQuery)
    }
  }
}

/// `rows` is at the row of distance -first: i - j is there at index i - j.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func spreadPlaces<Scalar: RealScalar>(
  _ c: UnsafePointer<Scalar>, _ p: UnsafeMutablePointer<Scalar>, _ n: Int, _ m: Int, _ stride: Int,
  _ rowCount: Int, _ rows: UnsafePointer<Int32>, _ byQuery: Bool
) {
  for i in 0..<n {
    for j in 0..<m {
      p[i * stride + j] += c[(byQuery ? i : j) * rowCount + Int(rows[i - j])]
    }
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func collectPlaces<Scalar: RealScalar>(
  _ ds: UnsafePointer<Scalar>, _ c: UnsafeMutablePointer<Scalar>, _ n: Int, _ m: Int,
  _ stride: Int, _ rowCount: Int, _ rows: UnsafePointer<Int32>, _ byQuery: Bool
) {
  for i in 0..<n {
    for j in 0..<m {
      c[(byQuery ? i : j) * rowCount + Int(rows[i - j])] += ds[i * stride + j]
    }
  }
}

/// Positions `[rows, heads, headSize]` whose heads BLAS can read where they lie.
private struct PositionOperand<Scalar: RealScalar> {
  let tensor: Tensor<Scalar>

  init(_ tensor: Tensor<Scalar>) { self.tensor = tensor.contiguous() }

  /// From row to row.
  var stride: Int { tensor.shape[1] * tensor.shape[2] }

  func at(_ head: Int) -> UnsafeMutablePointer<Scalar> { tensor.base + head * tensor.shape[2] }
}
