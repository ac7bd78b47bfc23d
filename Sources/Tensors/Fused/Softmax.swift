/// exp(x) divided by its sum along each row of the last axis. A row of nothing but -infinity gives
/// NaN, and so does a row with infinity.
public func softmax<Scalar: RealScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> {
  let (source, result) = x.overwriting()
  let (x, y) = (source.base, result.base)
  let (rows, cols) = (result.shape.rowCount, result.shape.lastDimension)
  withExtendedLifetime(source) {
    parallelFor(rows, grain: rowGrain(cols)) { r in
      let start = r.lowerBound * cols
      Scalar._softmaxRows(x + start, y + start, r.count, cols)
    }
  }
  return result
}

/// The gradient of `softmax` for its argument, from its output and the gradient of that.
package func softmaxGradient<Scalar: RealScalar>(
  output: Tensor<Scalar>, _ gradient: consuming Tensor<Scalar>
) -> Tensor<Scalar> {
  let shape = output.shape
  precondition(
    shape == gradient.shape, "softmaxGradient: shapes \(shape) and \(gradient.shape) differ")
  let (source, result) = gradient.overwriting()
  let (g, dx) = (source.base, result.base)
  let (rows, cols) = (shape.rowCount, shape.lastDimension)
  output.withPointer { y in
    parallelFor(rows, grain: rowGrain(cols)) { r in
      let start = r.lowerBound * cols
      Scalar._softmaxRowsGradient(y + start, g + start, dx + start, r.count, cols)
    }
  }
  withExtendedLifetime(source) {}
  return result
}

/// The logarithm of the sum of exp(x) along each row of the last axis, which is removed.
package func logsumexp<Scalar: RealScalar>(_ x: Tensor<Scalar>) -> Tensor<Scalar> {
  let (rows, cols) = (x.shape.rowCount, x.shape.lastDimension)
  return Tensor(unsafeUninitializedShape: Shape(Array(x.shape.dropLast()))) { out in
    let out = out.baseAddress!
    x.withPointer { x in
      parallelFor(rows, grain: rowGrain(cols)) { r in
        Scalar._logsumexpRows(x + r.lowerBound * cols, out + r.lowerBound, r.count, cols)
      }
    }
  }
}

/// The logarithm of `softmax`, accurate even where a probability is too small to represent; NaN
/// where `softmax` is.
public func logSoftmax<Scalar: RealScalar>(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> {
  let totals = logsumexp(x)
  let (source, result) = x.overwriting()
  let (x, y) = (source.base, result.base)
  let (rows, cols) = (result.shape.rowCount, result.shape.lastDimension)
  totals.withPointer { totals in
    parallelFor(rows, grain: rowGrain(cols)) { r in
      for row in r {
        let start = row * cols
        if totals[row].isInfinite {
          Scalar._fill(.nan, y + start, cols)
          continue
        }
        Scalar._binary(
          BinaryKernel.subtract.rawValue, x + start, 1, totals + row, 0, y + start, cols)
      }
    }
  }
  withExtendedLifetime(source) {}
  return result
}

/// The gradient of `logSoftmax` for its argument, from its output y and the gradient g of that:
/// g - exp(y) * sum(g), row by row.
package func logSoftmaxGradient<Scalar: RealScalar>(
  output: consuming Tensor<Scalar>, _ gradient: Tensor<Scalar>
) -> Tensor<Scalar> {
  let shape = gradient.shape
  precondition(
    shape == output.shape, "logSoftmaxGradient: shapes \(output.shape) and \(shape) differ")
  let (source, result) = output.overwriting()
  let (y, dx) = (source.base, result.base)
  let (rows, cols) = (shape.rowCount, shape.lastDimension)
  gradient.withPointer { g in
    parallelFor(rows, grain: rowGrain(cols)) { r in
      for row in r {
        let start = row * cols
        let total = Scalar(Scalar._sum(g + start, cols))
        Scalar._unary(UnaryKernel.exp.rawValue, y + start, dx + start, cols)
        Scalar._scaleAdd(1, g + start, -total, dx + start, cols)
      }
    }
  }
  withExtendedLifetime(source) {}
  return result
}
