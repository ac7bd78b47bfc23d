import Glibc
import Tensors
import Testing

private func output<S: RealScalar>(
  queries q: Tensor<S>, keys k: Tensor<S>, values v: Tensor<S>, mask: AttentionMask
) -> Tensor<S> {
  attention(queries: q, keys: k, values: v, mask: mask).output
}

private func gradients<S: RealScalar>(
  queries q: Tensor<S>, keys k: Tensor<S>, values v: Tensor<S>, mask: AttentionMask, _ g: Tensor<S>
) -> (queries: Tensor<S>, keys: Tensor<S>, values: Tensor<S>) {
  let logsum = attention(queries: q, keys: k, values: v, mask: mask).logsum
  return attentionGradient(queries: q, keys: k, values: v, mask: mask, logsum: logsum, g)
}

/// Serialized: one test measures memory, one changes the number of threads.
@Suite(.serialized) struct FusedAttentionTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var batch = 1
    let queries, keys, heads, keyHeads, headSize: Int

    var testDescription: String {
      "batch \(batch), \(queries) queries, \(keys) keys, \(heads)/\(keyHeads) heads of \(headSize)"
    }

    func inputs(seed: UInt64) -> (q: Tensor<Double>, k: Tensor<Double>, v: Tensor<Double>) {
      (
        normal([batch, queries, heads, headSize], seed: seed),
        normal([batch, keys, keyHeads, headSize], seed: seed + 1),
        normal([batch, keys, keyHeads, headSize], seed: seed + 2)
      )
    }
  }

  static let small = [
    Case(queries: 1, keys: 1, heads: 1, keyHeads: 1, headSize: 1),
    Case(batch: 2, queries: 5, keys: 5, heads: 3, keyHeads: 3, headSize: 4),
    Case(queries: 4, keys: 4, heads: 4, keyHeads: 2, headSize: 2),
    Case(batch: 2, queries: 2, keys: 6, heads: 2, keyHeads: 1, headSize: 3),
    Case(queries: 1, keys: 9, heads: 2, keyHeads: 2, headSize: 5),
  ]
  /// Fewer queries than a block, as many, and more.
  static let large = [
    Case(batch: 2, queries: 64, keys: 64, heads: 2, keyHeads: 1, headSize: 8),
    Case(queries: 129, keys: 129, heads: 2, keyHeads: 2, headSize: 16),
    Case(queries: 70, keys: 200, heads: 4, keyHeads: 2, headSize: 8),
    Case(batch: 3, queries: 200, keys: 200, heads: 6, keyHeads: 2, headSize: 4),
  ]

  static func naive(_ q: Tensor<Double>, _ k: Tensor<Double>, _ v: Tensor<Double>)
    -> Tensor<Double>
  {
    let (queries, keys, heads, size) = (q.shape[1], k.shape[1], q.shape[2], q.shape[3])
    var result: [Double] = []
    for b in 0..<q.shape[0] {
      for i in 0..<queries {
        for h in 0..<heads {
          let keyHead = h / (heads / k.shape[2])
          let weights = (0...(keys - queries + i)).map { j in
            Glibc.exp(
              (0..<size).reduce(0) { $0 + q[b, i, h, $1] * k[b, j, keyHead, $1] }
                / Double(size).squareRoot())
          }
          let total = weights.reduce(0, +)
          result += (0..<size).map { c in
            weights.indices.reduce(0) { $0 + weights[$1] * v[b, $1, keyHead, c] } / total
          }
        }
      }
    }
    return Tensor(result, shape: q.shape)
  }

  @Test("Attention is the softmax of scaled scores of the keys so far", arguments: small + large)
  func forward(_ sizes: Case) {
    let (q, k, v) = sizes.inputs(seed: 1)
    let expected = Self.naive(q, k, v)
    expectClose(output(queries: q, keys: k, values: v, mask: .causal), expected, absolute: 1e-13)
    let single = output(
      queries: q.converted(to: Float.self), keys: k.converted(to: Float.self),
      values: v.converted(to: Float.self), mask: .causal)
    // Scores of size 10 carry an error of 1e-6 into the probabilities.
    expectClose(single.converted(to: Double.self), expected, absolute: 5e-6)
  }

  @Test("Keys and values may be views of a larger cache, heads of a larger projection")
  func views() {
    let sizes = Case(batch: 2, queries: 3, keys: 7, heads: 2, keyHeads: 1, headSize: 4)
    let (q, _, _) = sizes.inputs(seed: 4)
    let cache = normal([2, 10, 3, 4], seed: 7)
    let k = cache.sliced(0..<7, alongAxis: 1).sliced(0..<1, alongAxis: 2)
    let v = cache.sliced(0..<7, alongAxis: 1).sliced(2..<3, alongAxis: 2)
    let expected = Self.naive(q, k.copied(), v.copied())
    expectClose(output(queries: q, keys: k, values: v, mask: .causal), expected, absolute: 1e-13)
    let turned = q.transposed([0, 2, 1, 3]).copied().transposed([0, 2, 1, 3])
    let lastAxis = q.transposed([0, 1, 3, 2]).copied().transposed([0, 1, 3, 2])
    for view in [turned, lastAxis] {
      expectClose(
        output(queries: view, keys: k, values: v, mask: .causal), expected, absolute: 1e-13)
    }
  }

  @Test("The gradients equal central differences", arguments: small)
  func gradient(_ sizes: Case) {
    let (q, k, v) = sizes.inputs(seed: 8)
    let g = normal(q.shape, seed: 11)
    let found = gradients(queries: q, keys: k, values: v, mask: .causal, g)
    func loss(_ q: Tensor<Double>, _ k: Tensor<Double>, _ v: Tensor<Double>) -> Double {
      output(queries: q, keys: k, values: v, mask: .causal).dot(g)
    }
    expectClose(found.queries, numericalGradient(at: q) { loss($0, k, v) }, absolute: 1e-7)
    expectClose(found.keys, numericalGradient(at: k) { loss(q, $0, v) }, absolute: 1e-7)
    expectClose(found.values, numericalGradient(at: v) { loss(q, k, $0) }, absolute: 1e-7)
  }

  @Test("Across blocks the gradients equal differences along random directions", arguments: large)
  func directions(_ sizes: Case) {
    let (q, k, v) = sizes.inputs(seed: 12)
    let g = normal(q.shape, seed: 15)
    let found = gradients(queries: q, keys: k, values: v, mask: .causal, g)
    func loss(_ q: Tensor<Double>, _ k: Tensor<Double>, _ v: Tensor<Double>) -> Double {
      output(queries: q, keys: k, values: v, mask: .causal).dot(g)
    }
    for seed in 16..<19 as Range<UInt64> {
      let (dq, dk) = (normal(q.shape, seed: seed), normal(k.shape, seed: seed))
      let forQ = numericalDerivative(at: q, along: dq) { loss($0, k, v) }
      let forK = numericalDerivative(at: k, along: dk) { loss(q, $0, v) }
      let forV = numericalDerivative(at: v, along: dk) { loss(q, k, $0) }
      // Losses of about 100 are accurate to 1e-14 of that, which the step of 1e-6 magnifies.
      #expect(Swift.abs(found.queries.dot(dq) - forQ) < 1e-6)
      #expect(Swift.abs(found.keys.dot(dk) - forK) < 1e-6)
      #expect(Swift.abs(found.values.dot(dk) - forV) < 1e-6)
    }
  }

  @Test("Queries after a cache see what they saw in the whole sequence")
  func offset() {
    let (q, k, v) = Case(queries: 90, keys: 90, heads: 2, keyHeads: 1, headSize: 8)
      .inputs(seed: 20)
    let whole = output(queries: q, keys: k, values: v, mask: .causal)
    for start in [0, 1, 64, 89] {
      let tail = output(
        queries: q.sliced(start..<90, alongAxis: 1), keys: k, values: v, mask: .causal)
      expectClose(tail, whole.sliced(start..<90, alongAxis: 1), absolute: 1e-13)
    }
  }

  @Test("Later keys change nothing, not even when they are not finite")
  func causality() {
    let (q, k, v) = Case(queries: 70, keys: 70, heads: 1, keyHeads: 1, headSize: 4)
      .inputs(seed: 23)
    var poisoned = k
    poisoned[0, 69, 0, 0] = .infinity
    let before = output(queries: q, keys: k, values: v, mask: .causal)
    let after = output(queries: q, keys: poisoned, values: v, mask: .causal)
    let seen = 0..<69
    #expect(after.sliced(seen, alongAxis: 1) == before.sliced(seen, alongAxis: 1))
  }

  @Test("Results do not depend on the number of threads")
  func threads() {
    let (q, k, v) = Case(batch: 2, queries: 130, keys: 130, heads: 4, keyHeads: 2, headSize: 16)
      .inputs(seed: 26)
    let before = Threads.count
    defer { Threads.count = before }
    let results = [1, 2, 3].map { count in
      Threads.count = count
      return gradients(queries: q, keys: k, values: v, mask: .causal, q)
    }
    for result in results {
      #expect(result.queries == results[0].queries)
      #expect(result.keys == results[0].keys && result.values == results[0].values)
    }
  }

  @Test("Memory grows with the number of tokens, not with its square")
  func memory() {
    let tokens = 8192
    let q = normal([1, tokens, 2, 4], seed: 29).converted(to: Float.self)
    TensorMemory.resetPeak()
    let before = TensorMemory.liveBytes
    let found = gradients(queries: q, keys: q, values: q, mask: .causal, q)
    #expect(found.keys.allFinite)
    // The scores of one head are 268 MB; blocks take 4 MB per thread. Other suites may run in the
    // same process, hence the margin.
    #expect(TensorMemory.peakBytes - before < tokens * tokens * 4 / 2)
  }

  /// What each query sees: everything, or padding on either side, with holes, nothing at all.
  static let masks: [(marks: [[UInt8]], isCausal: Bool)] = [
    ([[1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1, 1]], false),
    ([[1, 1, 1, 1, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1]], false),
    ([[0, 0, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0]], false),
    ([[1, 0, 1, 0, 0, 1, 0], [0, 1, 1, 1, 1, 0, 1]], false),
    ([[1, 1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1, 1]], true),
    ([[0, 1, 1, 0, 1, 1, 1], [0, 0, 0, 0, 0, 0, 1]], true),
  ]

  @Test("Hidden keys do not count, and a query that sees none gives zeros", arguments: masks)
  func masked(_ mask: (marks: [[UInt8]], isCausal: Bool)) {
    let (q, k, v) = Case(batch: 2, queries: 7, keys: 7, heads: 4, keyHeads: 2, headSize: 3)
      .inputs(seed: 30)
    let visible = Tensor(mask.marks.flatMap { $0 }, shape: [2, 7])
    let options = AttentionMask(isCausal: mask.isCausal, visibleKeys: visible)
    let result = output(queries: q, keys: k, values: v, mask: options)
    for b in 0..<2 {
      for i in 0..<7 {
        for h in 0..<4 {
          let seen = (0..<7).filter { mask.marks[b][$0] != 0 && (!mask.isCausal || $0 <= i) }
          let weights = seen.map { j in
            Glibc.exp(
              (0..<3).reduce(0) { $0 + q[b, i, h, $1] * k[b, j, h / 2, $1] } / 3.squareRoot())
          }
          let total = weights.reduce(0, +)
          for c in 0..<3 {
            let expected = zip(seen, weights).reduce(0) { $0 + $1.1 / total * v[b, $1.0, h / 2, c] }
            #expect(Swift.abs(result[b, i, h, c] - expected) < 1e-13)
          }
        }
      }
    }
    let g = normal(q.shape, seed: 33)
    let found = gradients(queries: q, keys: k, values: v, mask: options, g)
    func loss(_ q: Tensor<Double>, _ k: Tensor<Double>, _ v: Tensor<Double>) -> Double {
      output(queries: q, keys: k, values: v, mask: options).dot(g)
    }
    expectClose(found.queries, numericalGradient(at: q) { loss($0, k, v) }, absolute: 1e-7)
    expectClose(found.keys, numericalGradient(at: k) { loss(q, $0, v) }, absolute: 1e-7)
    expectClose(found.values, numericalGradient(at: v) { loss(q, k, $0) }, absolute: 1e-7)
  }

  @Test("A padded sequence gives what it gives alone, across blocks of queries")
  func padding() {
    let (q, k, v) = Case(batch: 2, queries: 150, keys: 150, heads: 2, keyHeads: 1, headSize: 8)
      .inputs(seed: 34)
    for isCausal in [false, true] {
      let mask = AttentionMask.lengths([100, 150], of: 150, isCausal: isCausal)
      let whole = output(queries: q, keys: k, values: v, mask: mask)
      func part(_ x: Tensor<Double>) -> Tensor<Double> {
        x.sliced(0..<1).sliced(0..<100, alongAxis: 1)
      }
      let alone = output(
        queries: part(q), keys: part(k), values: part(v), mask: isCausal ? .causal : .full)
      expectClose(part(whole), alone, absolute: 1e-13)
    }
  }

  @Test(
    "Without causality there may be fewer keys than queries, as in attention to another sequence")
  func cross() {
    let q = normal([1, 70, 2, 4], seed: 35)
    let k = normal([1, 3, 2, 4], seed: 36)
    let result = output(queries: q, keys: k, values: .ones(k.shape), mask: .full)
    expectClose(result, .ones(q.shape), absolute: 1e-14)
  }

  @Test("Attention and its gradients equal PyTorch's")
  func golden() throws {
    for known in try operationCases("attention_causal_") {
      // The fixture has heads before tokens.
      func tensor(_ name: String) throws -> Tensor<Float> {
        try known[name].transposed([0, 2, 1, 3])
      }
      let (q, k, v) = try (tensor("queries"), tensor("keys"), tensor("values"))
      let result = output(queries: q, keys: k, values: v, mask: .causal)
      let found = gradients(
        queries: q, keys: k, values: v, mask: .causal, try tensor("output_gradient"))
      try known.expect(result.transposed([0, 2, 1, 3]), is: "output")
      try known.expect(found.queries.transposed([0, 2, 1, 3]), is: "queries_gradient")
      try known.expect(found.keys.transposed([0, 2, 1, 3]), is: "keys_gradient")
      try known.expect(found.values.transposed([0, 2, 1, 3]), is: "values_gradient")
    }
  }
}
