import Autodiff
import CRivals
import Optimizers
import Quantization
import Tensors

func quantizationCases() -> [Comparison] {
  let (out, input) = (4096, 11008)
  let count = out * input
  var cases = [
    Comparison(
      "quantization", "NF4 dequantise, 4096 x 11008", unit: gigabytes, work: 4 * Double(count),
      rival: "write bandwidth, 1 thread", reach: 0.8
    ) {
      let q = NF4Tensor(quantizing: random([out, input]), blockSize: 64, doubleQuantized: true)
      var target = Tensor<Float>.zeros([count])
      return (
        onOneThread { _ = q.dequantized() },
        { target.withUnsafeMutableBuffer { rival_fill($0.baseAddress!, 1, count) } }
      )
    },
    Comparison(
      "quantization", "NF4 quantise, 4096 x 11008", unit: gigabytes, work: 4 * Double(count),
      rival: "read bandwidth, 1 thread", reach: 0.5
    ) {
      let x = random([out, input])
      return (
        onOneThread { _ = NF4Tensor(quantizing: x, blockSize: 64, doubleQuantized: true) },
        { x.withUnsafeBuffer { _ = rival_read($0.baseAddress!, count) } }
      )
    },
    Comparison(
      "quantization", "AdamW step, 16 Mi", unit: gigabytes, work: 28 * Double(16 << 20),
      rival: "C triad, 1 thread", rivalWork: 12 * Double(16 << 20), reach: 0.8
    ) {
      let n = 16 << 20
      let parameter = Parameter(random([n]))
      let gradient = random([n], seed: 2)
      let adam = AdamW(learningRate: .constant(1e-3))
      var target = Tensor<Float>.zeros([n])
      return (
        onOneThread { adam.update(parameter, gradient, step: 0) },
        {
          gradient.withUnsafeBuffer { x in
            target.withUnsafeMutableBuffer {
              rival_triad(x.baseAddress!, x.baseAddress!, $0.baseAddress!, n)
            }
          }
        }
      )
    },
    Comparison(
      "quantization", "AdamW 8-bit step, 16 Mi", unit: gigabytes, work: 16 * Double(16 << 20),
      rival: "C triad, 1 thread", rivalWork: 12 * Double(16 << 20), reach: 0.6
    ) {
      let n = 16 << 20
      let parameter = Parameter(random([n]))
      let gradient = random([n], seed: 2)
      let adam = AdamW8bit(learningRate: .constant(1e-3))
      var target = Tensor<Float>.zeros([n])
      return (
        onOneThread { adam.update(parameter, gradient, step: 0) },
        {
          gradient.withUnsafeBuffer { x in
            target.withUnsafeMutableBuffer {
              rival_triad(x.baseAddress!, x.baseAddress!, $0.baseAddress!, n)
            }
          }
        }
      )
    },
    // So many matrices in turn that none is still in a cache.
    Comparison(
      "quantization", "x Wᵀ, NF4 4096 x 4096, 1 row, 18 matrices", unit: gigabytes,
      work: 18 * 0.5625 * Double(4096 * 4096), rival: "reading their bytes, 1 thread", reach: 0.7
    ) {
      let matrices = (0..<18).map {
        NF4Tensor(
          quantizing: random([4096, 4096], seed: UInt64($0)), blockSize: 64,
          doubleQuantized: false)
      }
      let x = random([1, 4096], seed: 99)
      let bytes = random([18 * 4096 * 4096 * 9 / 64])
      return (
        onOneThread { for w in matrices { _ = matmulTransposed(x, w) } },
        { bytes.withUnsafeBuffer { _ = rival_read($0.baseAddress!, bytes.elementCount) } }
      )
    },
  ]
  for (out, input) in [(5461, 2048), (11008, 4096)] {
    for tokens in [256, 1024] {
      let reach = tokens == 256 ? 0.92 : 0.96
      let work = 2 * Double(tokens) * Double(out) * Double(input)
      cases.append(
        Comparison(
          "quantization", "x Wᵀ, NF4 \(out) x \(input), \(tokens) rows", unit: gflops, work: work,
          rival: "the same dense", reach: reach
        ) {
          let w = random([out, input])
          let q = NF4Tensor(quantizing: w, blockSize: 64, doubleQuantized: true)
          let x = random([tokens, input], seed: 2)
          return ({ _ = matmulTransposed(x, q) }, { _ = matmul(x, w.transposed()) })
        })
      cases.append(
        Comparison(
          "quantization", "d W, NF4 \(out) x \(input), \(tokens) rows", unit: gflops, work: work,
          rival: "the same dense", reach: reach
        ) {
          let w = random([out, input])
          let q = NF4Tensor(quantizing: w, blockSize: 64, doubleQuantized: true)
          let d = random([tokens, out], seed: 2)
          return ({ _ = matmul(d, q) }, { _ = matmul(d, w) })
        })
    }
  }
  return cases
}
