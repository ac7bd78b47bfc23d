import Autodiff
import Tensors
import Testing

@Suite struct AttentionTests {
  /// Batch, queries, heads, head size; keys, key heads.
  static let sizes: [[Int]] = [
    [1, 1, 1, 2, 1, 1], [2, 5, 2, 3, 5, 2], [1, 6, 4, 2, 6, 2], [1, 5, 3, 2, 5, 1],
    [2, 2, 2, 2, 5, 1],
  ]

  @Test("causalAttention has the gradients of central differences", arguments: sizes)
  func gradients(_ size: [Int]) {
    let queries = Shape([size[0], size[1], size[2], size[3]])
    let keys = Shape([size[0], size[4], size[5], size[3]])
    expectGradients([queries, keys, keys]) {
      causalAttention(queries: $0[0], keys: $0[1], values: $0[2])
    }
  }

  @Test("attention under a mask has the gradients of central differences", arguments: sizes)
  func masked(_ size: [Int]) {
    let queries = Shape([size[0], size[1], size[2], size[3]])
    let keys = Shape([size[0], size[4], size[5], size[3]])
    let lengths = (0..<size[0]).map { size[4] - $0 }
    for mask in [AttentionMask.full, .lengths(lengths, of: size[4])] {
      expectGradients([queries, keys, keys]) {
        attention(queries: $0[0], keys: $0[1], values: $0[2], mask: mask)
      }
    }
  }

  @Test("Windows, scales and caps have the gradients of central differences", arguments: sizes)
  func choices(_ size: [Int]) {
    let queries = Shape([size[0], size[1], size[2], size[3]])
    let keys = Shape([size[0], size[4], size[5], size[3]])
    for (window, scores) in [
      (1, AttentionScores()), (3, AttentionScores(scale: 0.7, cap: 1.5)),
      (nil, AttentionScores(cap: 0.5)),
    ] {
      let mask = AttentionMask(isCausal: true, window: window)
      expectGradients([queries, keys, keys]) {
        attention(queries: $0[0], keys: $0[1], values: $0[2], mask: mask, scores: scores)
      }
    }
  }

  @Test("Attention within documents has the gradients of central differences", arguments: sizes)
  func documents(_ size: [Int]) {
    let queries = Shape([size[0], size[1], size[2], size[3]])
    let keys = Shape([size[0], size[4], size[5], size[3]])
    // The first half of the queries sees all keys up to its own, the rest those from its own start.
    let before = size[4] - size[1]
    let first = (0..<size[0]).flatMap { _ in
      (0..<size[1]).map { Int32($0 < size[1] / 2 ? 0 : before + size[1] / 2) }
    }
    let mask = AttentionMask(
      isCausal: true, window: 2, firstKeys: Tensor(first, shape: [size[0], size[1]]))
    expectGradients([queries, keys, keys]) {
      attention(queries: $0[0], keys: $0[1], values: $0[2], mask: mask)
    }
  }

  @Test("Documents longer than a block of the kernel are attended to as each alone")
  func packed() {
    let lengths = [70, 1, 200, 3]
    let shape: Shape = [1, 274, 2, 4]
    let inputs = (1...3).map { Variable(normal(shape, seed: UInt64($0))) }
    let starts = zip(lengths, [0, 70, 71, 271]).flatMap { length, start in
      Array(repeating: Int32(start), count: length)
    }
    for window in [nil, 5, 90] {
      func mixed(_ inputs: [Variable], _ firstKeys: Tensor<Int32>?) -> Tensor<Float> {
        attention(
          queries: inputs[0], keys: inputs[1], values: inputs[2],
          mask: AttentionMask(isCausal: true, window: window, firstKeys: firstKeys)
        ).tensor
      }
      let whole = mixed(inputs, Tensor(starts, shape: [1, 274]))
      for (length, start) in zip(lengths, [0, 70, 71, 271]) {
        let place = start..<start + length
        let alone = mixed(
          inputs.map { Variable($0.tensor.sliced(place, alongAxis: 1).contiguous()) }, nil)
        let part = whole.sliced(place, alongAxis: 1).contiguous()
        #expect(Double((part - alone).norm() / alone.norm()) <= 1e-6, "\(place)")
      }
    }
  }

  @Test("A windowed, capped attention is the same by its definition", arguments: [1, 5, 70, 200])
  func definition(_ window: Int) {
    // More queries than a block of the kernel has, behind keys of a cache; one head to a key head.
    let (count, before, size, cap) = (150, 20, 4, 2.0)
    let q = normal([1, count, 1, size], seed: 1)
    let k = normal([1, before + count, 1, size], seed: 2)
    let v = normal([1, before + count, 1, size], seed: 3)
    let actual = attention(
      queries: Variable(q), keys: Variable(k), values: Variable(v),
      mask: AttentionMask(isCausal: true, window: window), scores: AttentionScores(cap: cap))
    let products = matmul(
      q.reshaped(to: [count, size]), k.reshaped(to: [before + count, size]).transposed())
    let scores = tanh(products / 2 / Float(cap)) * Float(cap)
    let hidden = (0..<count).flatMap { row in
      (0..<before + count).map { key in
        key <= row + before && key > row + before - window ? Float(0) : -Float.infinity
      }
    }
    let weights = softmax(scores + Tensor(hidden, shape: [count, before + count]))
    let expected = matmul(weights, v.reshaped(to: [before + count, size]))
    let difference = actual.tensor.reshaped(to: [count, size]) - expected
    #expect(difference.norm() <= 1e-5 * expected.norm())
  }

  @Test("Blocks of queries meet without a seam")
  func blocks() {
    // More queries than one block of the kernel has; few of the gradients are checked.
    let shape: Shape = [1, 150, 1, 2]
    let x = Parameter(normal([1, 3], seed: 1))
    let report = checkGradients(of: [x]) {
      let scales = Variable(x).reshaped(to: [3, 1, 1, 1, 1])
      let inputs = (0..<3).map {
        scales.sliced($0..<$0 + 1).reshaped(to: [1, 1, 1, 1])
          * Variable(normal(shape, seed: UInt64($0) + 5))
      }
      let output = causalAttention(queries: inputs[0], keys: inputs[1], values: inputs[2])
      return (output * Variable(normal(shape, seed: 9))).sum()
    }
    #expect(report.passed, "\(report.failures)")
  }

  @Test("causalAttention equals PyTorch's")
  func golden() throws {
    for test in try goldenCases("attention_causal") {
      try test.expect("queries", "keys", "values") { arguments in
        let views = arguments.map { $0.transposed([0, 2, 1, 3]) }
        return causalAttention(queries: views[0], keys: views[1], values: views[2])
          .transposed([0, 2, 1, 3])
      }
    }
  }
}
