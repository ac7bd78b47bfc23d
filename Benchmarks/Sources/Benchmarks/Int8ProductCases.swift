import Quantization
import Tensors

/// Many rows in 8-bit integers, forward and backward, beside the dense product in floats.
func int8ProductCases() -> [Comparison] {
  var cases: [Comparison] = []
  for (out, input) in [(5461, 2048), (11008, 4096)] {
    for rows in [256, 1024] {
      for (name, size, reach) in [("x Wᵀ", input, 2.5), ("d W", out, 2.0)] {
        cases.append(
          Comparison(
            "quantization", "\(name), NF4 \(out) x \(input), \(rows) rows, 8-bit", unit: gflops,
            work: 2 * Double(rows) * Double(out) * Double(input), rival: "dense, 1 thread",
            reach: reach
          ) {
            let w = random([out, input])
            let q = NF4Tensor(quantizing: w)
            let x = random([rows, size], seed: 2)
            return size == input
              ? (
                onOneThread { _ = matmulTransposed(x, q, arithmetic: .int8) },
                onOneThread { _ = matmul(x, w.transposed()) }
              )
              : (
                onOneThread { _ = matmul(x, q, arithmetic: .int8) },
                onOneThread { _ = matmul(x, w) }
              )
          })
      }
    }
  }
  return cases
}
