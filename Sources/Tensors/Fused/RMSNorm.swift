/// x / sqrt(mean(x²) + epsilon) * weight along each row of the last axis (Zhang and Sennrich, 2019).
///
/// `x` is `[..., d]`, `weight` `[d]`. Returns the result and 1 / sqrt(...) of each row, `[rows]`: all
/// that the gradient needs besides `x`. Traps when the shapes do not fit.
package func rmsNorm<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, weight: Tensor<Scalar>, epsilon: Scalar
) -> (output: Tensor<Scalar>, inverse: Tensor<Scalar>) {
  let (rows, cols) = rmsNormSizes(x, weight, "rmsNorm")
  let output = Tensor<Scalar>(storage: TensorStorage(count: rows * cols), shape: x.shape)
  let inverse = Tensor<Scalar>(storage: TensorStorage(count: rows), shape: [rows])
  x.withPointer { x in
    weight.withPointer { w in
      parallelFor(rows, grain: rowGrain(cols)) { r in
        let start = r.lowerBound * cols
        Scalar._rmsNorm(
          x + start, w, epsilon, output.base + start, inverse.base + r.lowerBound, r.count, cols)
      }
    }
  }
  return (output, inverse)
}

/// The gradients of `rmsNorm` for `x` `[..., d]` and `weight` `[d]`, from the gradient of its
/// output and the `inverse` it returned. Sums over rows run in fixed chunks, so they do not depend
/// on the number of threads.
package func rmsNormGradient<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, weight: Tensor<Scalar>, inverse: Tensor<Scalar>,
  _ gradient: consuming Tensor<Scalar>
) -> (x: Tensor<Scalar>, weight: Tensor<Scalar>) {
  let (rows, cols) = rmsNormSizes(x, weight, "rmsNormGradient")
  precondition(
    x.shape == gradient.shape && inverse.elementCount == rows,
    "rmsNormGradient: x \(x.shape), inverse \(inverse.shape), gradient \(gradient.shape)")
  // At most 64 partial sums, each over enough rows to be worthwhile.
  let chunk = max(32, (rows + 63) / 64)
  let chunks = (rows + chunk - 1) / chunk
  let partial = Tensor<Scalar>.zeros([chunks, cols])
  let (source, result) = gradient.overwriting()
  let (g, dx) = (source.base, result.base)
  x.withPointer { x in
    weight.withPointer { w in
      inverse.withPointer { inverse in
        parallelFor(chunks, grain: max(1, rowGrain(cols) / chunk)) { r in
          for i in r {
            let row = i * chunk
            let start = row * cols
            Scalar._rmsNormGradient(
              x + start, w, inverse + row, g + start, dx + start, partial.base + i * cols,
              min(chunk, rows - row), cols)
          }
        }
      }
    }
  }
  withExtendedLifetime(source) {}
  return (result, partial.sum(squeezingAxes: [0]))
}

private func rmsNormSizes<Scalar: RealScalar>(
  _ x: Tensor<Scalar>, _ weight: Tensor<Scalar>, _ name: StaticString
) -> (rows: Int, cols: Int) {
  precondition(
    x.rank >= 1 && weight.shape == [x.shape.lastDimension],
    "\(name): weight \(weight.shape) does not fit x \(x.shape)")
  return (x.shape.rowCount, x.shape.lastDimension)
}
