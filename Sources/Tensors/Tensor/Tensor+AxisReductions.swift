extension Tensor {
  /// One number for each contiguous run of the elements that `axes` span; the axes stay with size
  /// 1.
  func reduced<Result>(
    _ axes: [Int], _ operation: StaticString, _ kernel: (UnsafePointer<Scalar>, Int) -> Result
  ) -> Tensor<Result> {
    let gone = Set(axes.map { shape.normalized(axis: $0, in: operation) })
    let kept = (0..<rank).filter { !gone.contains($0) }
    let length = gone.reduce(1) { $0 * shape[$1] }
    let rows = transposed(kept + gone.sorted()).contiguous()
    let sizes = (0..<rank).map { gone.contains($0) ? 1 : shape[$0] }
    return Tensor<Result>(unsafeUninitializedShape: Shape(sizes)) { out in
      let target = out.baseAddress!
      rows.withPointer { x in
        parallelFor(out.count, grain: rowGrain(length)) { range in
          for i in range { target[i] = kernel(x + i * length, length) }
        }
      }
    }
  }

  /// The tensor without the axes, each of size 1.
  func dropping(_ axes: [Int], _ operation: StaticString) -> Tensor {
    let gone = Set(axes.map { shape.normalized(axis: $0, in: operation) })
    return reshaped(to: Shape((0..<rank).filter { !gone.contains($0) }.map { shape[$0] }))
  }

  func checkNotEmpty(_ axes: [Int], _ operation: StaticString) {
    precondition(
      axes.allSatisfy { shape[shape.normalized(axis: $0, in: operation)] > 0 },
      "\(operation): axes \(axes) of \(shape) are empty")
  }
}

/// Reductions along any axes. In every reduction, `along` keeps each reduced axis with size 1, so that
/// the result broadcasts against the operand, and `squeezing` drops it. Negative axes count from the
/// back; an axis outside the shape traps.
extension Tensor where Scalar: RealScalar {

  /// The largest elements; NaN where any is. Traps when a reduced axis is empty.
  public func maximum(alongAxes axes: [Int]) -> Tensor {
    checkNotEmpty(axes, "maximum")
    return reduced(axes, "maximum", Scalar._maximum)
  }

  /// The largest elements; NaN where any is. Traps when a reduced axis is empty.
  public func maximum(squeezingAxes axes: [Int]) -> Tensor {
    maximum(alongAxes: axes).dropping(axes, "maximum")
  }

  /// The smallest elements; NaN where any is. Traps when a reduced axis is empty.
  public func minimum(alongAxes axes: [Int]) -> Tensor {
    checkNotEmpty(axes, "minimum")
    return reduced(axes, "minimum", Scalar._minimum)
  }

  /// The smallest elements; NaN where any is. Traps when a reduced axis is empty.
  public func minimum(squeezingAxes axes: [Int]) -> Tensor {
    minimum(alongAxes: axes).dropping(axes, "minimum")
  }

  /// Means along the given axes, which stay with size 1; NaN over no elements.
  public func mean(alongAxes axes: [Int]) -> Tensor {
    reduced(axes, "mean") { Scalar(Scalar._sum($0, $1) / Double($1)) }
  }

  /// Means along the given axes, which disappear; NaN over no elements.
  public func mean(squeezingAxes axes: [Int]) -> Tensor {
    mean(alongAxes: axes).dropping(axes, "mean")
  }

  /// Products, multiplied in double precision; 1 over no elements.
  public func product(alongAxes axes: [Int]) -> Tensor { reduced(axes, "product", productOfRun) }

  /// Products, multiplied in double precision; 1 over no elements.
  public func product(squeezingAxes axes: [Int]) -> Tensor {
    product(alongAxes: axes).dropping(axes, "product")
  }

  /// Variances: sums of squared distances from the mean, in double precision, over their number
  /// minus `correction` (0 for a population, 1 for the unbiased estimate from a sample). NaN or
  /// infinite if that difference is not positive.
  public func variance(alongAxes axes: [Int], correction: Int = 0) -> Tensor {
    (self - mean(alongAxes: axes)).reduced(axes, "variance") {
      // The mean was rounded: the squares are corrected by what that leaves of the sum.
      let left = Scalar._sum($0, $1)
      let squares = Scalar._sumOfSquares($0, $1) - left * left / Double(max(1, $1))
      return Scalar((squares < 0 ? 0 : squares) / Double(max(0, $1 - correction)))
    }
  }

  /// Variances, as `variance(alongAxes:correction:)` gives them.
  public func variance(squeezingAxes axes: [Int], correction: Int = 0) -> Tensor {
    variance(alongAxes: axes, correction: correction).dropping(axes, "variance")
  }

  /// Square roots of `variance(alongAxes:correction:)`.
  public func standardDeviation(alongAxes axes: [Int], correction: Int = 0) -> Tensor {
    sqrt(variance(alongAxes: axes, correction: correction))
  }

  /// Square roots of `variance(squeezingAxes:correction:)`.
  public func standardDeviation(squeezingAxes axes: [Int], correction: Int = 0) -> Tensor {
    sqrt(variance(squeezingAxes: axes, correction: correction))
  }

  /// The variance of all elements, as `variance(alongAxes:correction:)` gives it.
  public func variance(correction: Int = 0) -> Scalar {
    flattened().variance(alongAxes: [0], correction: correction).scalar
  }

  /// The square root of `variance(correction:)`.
  public func standardDeviation(correction: Int = 0) -> Scalar {
    variance(correction: correction).squareRoot()
  }

  /// The product of all elements, multiplied in double precision; 1 when empty.
  public func product() -> Scalar { withPointer { productOfRun($0, elementCount) } }

  /// The largest element minus the smallest, along the given axes, which stay with size 1.
  public func extent(alongAxes axes: [Int]) -> Tensor {
    maximum(alongAxes: axes) - minimum(alongAxes: axes)
  }

  /// The largest element minus the smallest, along the given axes, which disappear.
  public func extent(squeezingAxes axes: [Int]) -> Tensor {
    extent(alongAxes: axes).dropping(axes, "extent")
  }

  /// Euclidean norms, with squares added in double precision.
  public func norm(alongAxes axes: [Int]) -> Tensor {
    reduced(axes, "norm") { Scalar(normOfRun($0, $1, Scalar._sumOfSquares($0, $1))) }
  }

  /// Euclidean norms, with squares added in double precision.
  public func norm(squeezingAxes axes: [Int]) -> Tensor {
    norm(alongAxes: axes).dropping(axes, "norm")
  }

  /// `log(sum(exp(x)))` without overflow; -infinity over no elements.
  public func logSumExp(alongAxes axes: [Int]) -> Tensor {
    reduced(axes, "logSumExp") { x, count in
      var result = -Scalar.infinity
      if count > 0 { Scalar._logsumexpRows(x, &result, 1, count) }
      return result
    }
  }

  /// `log(sum(exp(x)))` without overflow; -infinity over no elements.
  public func logSumExp(squeezingAxes axes: [Int]) -> Tensor {
    logSumExp(alongAxes: axes).dropping(axes, "logSumExp")
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func productOfRun<Scalar: RealScalar>(_ x: UnsafePointer<Scalar>, _ count: Int) -> Scalar {
  var product = 1.0
  for i in 0..<count { product *= Double(x[i]) }
  return Scalar(product)
}
