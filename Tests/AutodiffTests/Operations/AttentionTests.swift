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
