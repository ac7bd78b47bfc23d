import Autodiff
import CRivals
import Optimizers
import Quantization
import Tensors

func quantizationCases() -> [Comparison] {
  conversionCases() + otherFormatCases() + stepCases() + oneRowCases() + fewRowCases()
    + productCases() + otherProductCases() + int8ProductCases() + [mergeCase()]
}

/// NF4 from and to floats, beside the bandwidth of memory.
private func conversionCases() -> [Comparison] {
  let (out, input) = (4096, 11008)
  let count = out * input
  let quantise = [true, false].map { doubleQuantized in
    Comparison(
      "quantization", "NF4 quantise, " + (doubleQuantized ? "double" : "float scales"),
      unit: gigabytes, work: 4 * Double(count), rival: "read bandwidth, 1 thread", reach: 0.5
    ) {
      let x = random([out, input])
      return (
        onOneThread { _ = NF4Tensor(quantizing: x, doubleQuantized: doubleQuantized) },
        { x.withUnsafeBuffer { _ = rival_read($0.baseAddress!, count) } }
      )
    }
  }
  return quantise + [
    Comparison(
      "quantization", "NF4 dequantise, 4096 x 11008", unit: gigabytes, work: 4 * Double(count),
      rival: "write bandwidth, 1 thread", reach: 0.8
    ) {
      let q = NF4Tensor(quantizing: random([out, input]))
      var ours = Tensor<Float>.zeros([out, input])
      var target = Tensor<Float>.zeros([count])
      return (
        onOneThread { q.dequantize(into: &ours) },
        { target.withUnsafeMutableBuffer { rival_fill($0.baseAddress!, 1, count) } }
      )
    }
  ]
}

/// The formats beside NF4.
private let otherFormats: [WeightFormat] = [
  .fp4(doubleQuantized: false), .int8Blocks(),
  .affine(AffineScheme(bits: .eight)), .affine(AffineScheme(bits: .four, grouping: .group(32))),
  .gguf(.q8_0), .gguf(.q4_0), .gguf(.q4_1),
]

/// Every other format from and to floats, beside the bandwidth of memory.
private func otherFormatCases() -> [Comparison] {
  let side = 4096
  let bytes = 4 * Double(side * side)
  return otherFormats.flatMap { format in
    [
      Comparison(
        "quantization", "\(format) quantise", unit: gigabytes, work: bytes,
        rival: "read bandwidth, 1 thread", reach: 0.3
      ) {
        let x = random([side, side])
        return (
          onOneThread { _ = StoredMatrix(storing: x, as: format) },
          { x.withUnsafeBuffer { _ = rival_read($0.baseAddress!, $0.count) } }
        )
      },
      Comparison(
        "quantization", "\(format) dequantise", unit: gigabytes, work: bytes,
        rival: "write bandwidth, 1 thread", reach: 0.3
      ) {
        guard case .quantized(let q) = StoredMatrix(storing: random([side, side]), as: format)
        else {
          fatalError("\(format) does not quantise")
        }
        var ours = Tensor<Float>.zeros([side, side])
        var target = Tensor<Float>.zeros([side * side])
        return (
          onOneThread { q.dequantize(into: &ours) },
          { target.withUnsafeMutableBuffer { rival_fill($0.baseAddress!, 1, $0.count) } }
        )
      },
    ]
  }
}

/// Few rows times matrices of every format, beside the dense product of as many rows.
private func fewRowCases() -> [Comparison] {
  let side = 4096
  return ([.nf4(doubleQuantized: false)] + otherFormats).flatMap { format in
    [1, 3, 8].map { rows in
      Comparison(
        "quantization",
        "x Wᵀ, \(format) 4096 x 4096, \(rows) row\(rows == 1 ? "" : "s"), 3 matrices", unit: gflops,
        work: 6 * Double(rows * side * side), rival: "the same dense", reach: 1
      ) {
        let dense = (0..<3).map { random([side, side], seed: UInt64($0)) }
        let stored = dense.map { StoredMatrix(storing: $0, as: format) }
        let x = random([rows, side], seed: 99)
        return (
          onOneThread { for w in stored { _ = matmulTransposed(x, w) } },
          onOneThread { for w in dense { _ = matmul(x, w.transposed()) } }
        )
      }
    }
  }
}

/// Optimizer steps beside `out[i] = a[i] + 3 b[i]`.
private func stepCases() -> [Comparison] {
  let count = 16 << 20
  // A step reads a parameter, a gradient and two moments, and writes all but the gradient.
  let steps: [(name: String, bytes: Double, reach: Double, optimizer: () -> any Optimizer)] = [
    ("AdamW step, 16 Mi", 28, 0.8, { AdamW(learningRate: .constant(1e-3)) }),
    ("AdamW 8-bit step, 16 Mi", 16, 0.6, { AdamW8bit(learningRate: .constant(1e-3)) }),
  ]
  return steps.map { step in
    Comparison(
      "quantization", step.name, unit: gigabytes, work: step.bytes * Double(count),
      rival: "C triad, 1 thread", rivalWork: 12 * Double(count), reach: step.reach
    ) {
      let parameter = Parameter(random([count]))
      let gradient = random([count], seed: 2)
      let optimizer = step.optimizer()
      let other = random([count], seed: 3)
      var target = Tensor<Float>.zeros([count])
      return (
        onOneThread { optimizer.update(parameter, gradient, step: 0, gradientScale: 1) },
        {
          gradient.withUnsafeBuffer { a in
            other.withUnsafeBuffer { b in
              target.withUnsafeMutableBuffer {
                rival_triad(a.baseAddress!, b.baseAddress!, $0.baseAddress!, count)
              }
            }
          }
        }
      )
    }
  }
}

/// One row times enough matrices in turn that none is still in a cache.
private func oneRowCases() -> [Comparison] {
  let side = 4096
  let x = random([1, side], seed: 99)
  func copies(_ count: Int, _ format: WeightFormat) -> [StoredMatrix] {
    let dense = random([side, side])
    return (0..<count).map { _ in StoredMatrix(storing: dense, as: format) }
  }
  let nf4 = WeightFormat.nf4(doubleQuantized: false)
  let beside = ([nf4, .nf4()] + otherFormats).map { format in
    let bytes = format.byteCount(shape: [side, side])
    let count = (150 << 20) / bytes + 1
    return Comparison(
      "quantization", "x Wᵀ, \(format) 4096 x 4096, 1 row, \(count) matrices", unit: gigabytes,
      work: Double(count * bytes), rival: "reading their bytes, 1 thread", reach: 0.7
    ) {
      let matrices = copies(count, format)
      let floats = random([count * bytes / 4])
      return (
        onOneThread { for w in matrices { _ = matmulTransposed(x, w) } },
        { floats.withUnsafeBuffer { _ = rival_read($0.baseAddress!, $0.count) } }
      )
    }
  }
  return beside + [
    Comparison(
      "quantization", "x Wᵀ, NF4 4096 x 4096, 1 row", unit: gflops,
      work: 36 * Double(side * side), rival: "the same dense", reach: 4
    ) {
      let matrices = copies(18, nf4)
      let dense = (0..<18).map { random([side, side], seed: UInt64($0)) }
      return (
        { for w in matrices { _ = matmulTransposed(x, w) } },
        { for w in dense { _ = matmul(x, w.transposed()) } }
      )
    }
  ]
}

/// Many rows, forward and backward, beside the dense product.
private func productCases() -> [Comparison] {
  var cases: [Comparison] = []
  for (out, input) in [(5461, 2048), (11008, 4096)] {
    for (rows, reach) in [(256, 0.92), (1024, 0.96)] {
      for (name, size) in [("x Wᵀ", input), ("d W", out)] {
        cases.append(
          Comparison(
            "quantization", "\(name), NF4 \(out) x \(input), \(rows) rows", unit: gflops,
            work: 2 * Double(rows) * Double(out) * Double(input), rival: "the same dense",
            reach: reach
          ) {
            let w = random([out, input])
            let q = NF4Tensor(quantizing: w)
            let x = random([rows, size], seed: 2)
            return size == input
              ? ({ _ = matmulTransposed(x, q) }, { _ = matmul(x, w.transposed()) })
              : ({ _ = matmul(x, q) }, { _ = matmul(x, w) })
          })
      }
    }
  }
  return cases
}

/// Many rows times matrices of every other format, forward and backward, beside the dense product.
private func otherProductCases() -> [Comparison] {
  let (side, rows) = (4096, 256)
  return otherFormats.flatMap { format in
    [true, false].map { transposed in
      Comparison(
        "quantization",
        "\(transposed ? "x Wᵀ" : "d W"), \(format) \(side) x \(side), \(rows) rows", unit: gflops,
        work: 2 * Double(rows * side * side), rival: "the same dense", reach: 0.9
      ) {
        let w = random([side, side])
        let stored = StoredMatrix(storing: w, as: format)
        let x = random([rows, side], seed: 2)
        return transposed
          ? ({ _ = matmulTransposed(x, stored) }, { _ = matmul(x, w.transposed()) })
          : ({ _ = matmul(x, stored) }, { _ = matmul(x, w) })
      }
    }
  }
}

/// W + s P B, quantised again, beside the product s P B alone.
private func mergeCase() -> Comparison {
  let (out, input, rank) = (4096, 11008, 1024)
  return Comparison(
    "quantization", "NF4 += s P B, 4096 x 11008, rank 1024", unit: gflops,
    work: 2 * Double(out) * Double(input) * Double(rank), rival: "s P B", reach: 0.88
  ) {
    var w = StoredMatrix.quantized(NF4Tensor(quantizing: random([out, input])))
    let p = random([out, rank], seed: 2)
    let b = random([rank, input], seed: 3)
    var product = Tensor<Float>.zeros([out, input])
    return (
      { w.addProduct(p, b, scale: 0.5) },
      { product.addProduct(p, b, scale: 0.5, keeping: 0) }
    )
  }
}
