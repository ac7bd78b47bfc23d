/// (x - mean) / sqrt(variance + epsilon) * weight + bias along each row of the last axis (Ba et al.,
/// 2016).
///
/// `x` is `[..., d]`, `weight` and `bias` are `[d]`; the variance is that of a population. Returns the
/// result, and of each row the mean and 1 / sqrt(...), `[rows]`: all that the gradient needs besides
/// `x`. Traps when the shapes do not fit.
package func layerNorm<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, weight: Tensor<Scalar>, bias: Tensor<Scalar>?, epsilon: Scalar
) -> (output: Tensor<Scalar>, mean: Tensor<Scalar>, inverse: Tensor<Scalar>) {
  let (rows, cols) = layerNormSizes(x, weight, "layerNorm")
  precondition(
    bias == nil || bias?.shape == weight.shape,
    "layerNorm: bias \(bias?.shape ?? []) does not fit weight \(weight.shape)")
  let output = Tensor<Scalar>(storage: TensorStorage(count: rows * cols), shape: x.shape)
  let mean = Tensor<Scalar>(storage: TensorStorage(count: rows), shape: [rows])
  let inverse = Tensor<Scalar>(storage: TensorStorage(count: rows), shape: [rows])
  let bias = bias?.contiguous()
  x.withPointer { x in
    weight.withPointer { w in
      parallelFor(rows, grain: rowGrain(cols)) { range in
        forEachTile(of: range) { row, count in
          let y = output.base + row * cols
          for i in 0..<count {
            mean.base[row + i] = Scalar(Scalar._sum(x + (row + i) * cols, cols) / Double(cols))
          }
          centre(x + row * cols, mean.base + row, y, count, cols)
          Scalar._rmsNorm(y, w, epsilon, y, inverse.base + row, count, cols)
          if let bias {
            Scalar._binaryRows(BinaryKernel.add.rawValue, y, bias.base, y, count, cols)
          }
        }
      }
    }
  }
  withExtendedLifetime(bias) {}
  return (output, mean, inverse)
}

/// The gradients of `layerNorm` for `x` `[..., d]`, `weight` and `bias` `[d]`, from the gradient of its
/// output and the means and inverses it returned. Sums over rows run in fixed chunks, so that they do
/// not depend on the number of threads.
package func layerNormGradient<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, weight: Tensor<Scalar>, mean: Tensor<Scalar>, inverse: Tensor<Scalar>,
  _ gradient: consuming Tensor<Scalar>
) -> (x: Tensor<Scalar>, weight: Tensor<Scalar>, bias: Tensor<Scalar>) {
  let (rows, cols) = layerNormSizes(x, weight, "layerNormGradient")
  precondition(
    x.shape == gradient.shape && inverse.elementCount == rows && mean.elementCount == rows,
    "layerNormGradient: x \(x.shape), inverse \(inverse.shape), gradient \(gradient.shape)")
  // At most 64 partial sums, each over enough rows to be worth its own.
  let chunk = max(32, (rows + 63) / 64)
  let chunks = (rows + chunk - 1) / chunk
  let forWeight = Tensor<Scalar>.zeros([chunks, cols])
  let forBias = Tensor<Scalar>.zeros([chunks, cols])
  let (source, result) = gradient.overwriting()
  let (g, dx) = (source.base, result.base)
  x.withPointer { x in
    weight.withPointer { w in
      mean.withPointer { mean in
        inverse.withPointer { inverse in
          parallelFor(chunks, grain: max(1, rowGrain(cols) / chunk)) { range in
            let scratch = TensorStorage<Scalar>(count: tileRows * cols)
            let centred = scratch.base
            for i in range {
              forEachTile(of: i * chunk..<min(rows, (i + 1) * chunk)) { row, count in
                let (g, dx) = (g + row * cols, dx + row * cols)
                // The bias first: dx may take the place of g.
                Scalar._addColumnSums(g, count, cols, cols, forBias.base + i * cols)
                centre(x + row * cols, mean + row, centred, count, cols)
                // The layer is rmsNorm of the centred rows, and centring is its own gradient.
                Scalar._rmsNormGradient(
                  centred, w, inverse + row, g, dx, forWeight.base + i * cols, count, cols)
                for i in 0..<count {
                  var mean = Scalar(Scalar._sum(dx + i * cols, cols) / Double(cols))
                  centre(dx + i * cols, &mean, dx + i * cols, 1, cols)
                }
              }
            }
            withExtendedLifetime(scratch) {}
          }
        }
      }
    }
  }
  withExtendedLifetime(source) {}
  return (result, forWeight.sum(squeezingAxes: [0]), forBias.sum(squeezingAxes: [0]))
}

/// Rows that are still in the nearest cache when they are read again.
private let tileRows = 16

private func forEachTile(of rows: Range<Int>, _ body: (_ row: Int, _ count: Int) -> Void) {
  for row in stride(from: rows.lowerBound, to: rows.upperBound, by: tileRows) {
    body(row, min(tileRows, rows.upperBound - row))
  }
}

/// Each row of `x` less its mean.
private func centre<Scalar: RealScalar>(
  _ x: UnsafePointer<Scalar>, _ mean: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>,
  _ rows: Int, _ cols: Int
) {
  for row in 0..<rows {
    let start = row * cols
    Scalar._binary(
      BinaryKernel.subtract.rawValue, x + start, 1, mean + row, 0, y + start, cols)
  }
}

private func layerNormSizes<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ name: StaticString
) -> (rows: Int, cols: Int) {
  precondition(
    x.rank >= 1 && weight.shape == [x.shape.lastDimension],
    "\(name): weight \(weight.shape) does not fit x \(x.shape)")
  return (x.shape.rowCount, x.shape.lastDimension)
}
