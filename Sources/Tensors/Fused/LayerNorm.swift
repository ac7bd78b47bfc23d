/// (x - mean) / sqrt(variance + epsilon) * weight + bias along each row of the last axis (Ba et al.,
/// 2016).
///
/// `x` is `[..., d]`, `weight` and `bias` are `[d]`; the variance is the population variance.
/// Returns the result and, for each row, the mean and 1 / sqrt(...), `[rows]`: all that the
/// gradient needs besides `x`. Traps when the shapes do not fit.
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
      parallelFor(rows, grain: rowGrain(cols)) { r in
        let start = r.lowerBound * cols
        Scalar._layerNorm(
          x + start, w, bias?.base, epsilon, output.base + start, mean.base + r.lowerBound,
          inverse.base + r.lowerBound, r.count, cols)
      }
    }
  }
  withExtendedLifetime(bias) {}
  return (output, mean, inverse)
}

/// The gradients of `layerNorm` for `x` `[..., d]`, `weight` and `bias` `[d]`, from the gradient of
/// its output and the means and inverses it returned. Sums over rows run in fixed chunks, so they
/// do not depend on the number of threads.
package func layerNormGradient<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, weight: Tensor<Scalar>, mean: Tensor<Scalar>, inverse: Tensor<Scalar>,
  _ gradient: consuming Tensor<Scalar>
) -> (x: Tensor<Scalar>, weight: Tensor<Scalar>, bias: Tensor<Scalar>) {
  let (rows, cols) = layerNormSizes(x, weight, "layerNormGradient")
  precondition(
    x.shape == gradient.shape && inverse.elementCount == rows && mean.elementCount == rows,
    "layerNormGradient: x \(x.shape), inverse \(inverse.shape), gradient \(gradient.shape)")
  // At most 64 partial sums, each over enough rows to be worthwhile.
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
          parallelFor(chunks, grain: max(1, rowGrain(cols) / chunk)) { r in
            for i in r {
              let row = i * chunk
              let start = row * cols
              Scalar._layerNormGradient(
                x + start, w, mean + row, inverse + row, g + start, dx + start,
                forWeight.base + i * cols, forBias.base + i * cols, min(chunk, rows - row), cols)
            }
          }
        }
      }
    }
  }
  withExtendedLifetime(source) {}
  return (result, forWeight.sum(squeezingAxes: [0]), forBias.sum(squeezingAxes: [0]))
}

private func layerNormSizes<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ name: StaticString
) -> (rows: Int, cols: Int) {
  precondition(
    x.rank >= 1 && weight.shape == [x.shape.lastDimension],
    "\(name): weight \(weight.shape) does not fit x \(x.shape)")
  return (x.shape.rowCount, x.shape.lastDimension)
}
