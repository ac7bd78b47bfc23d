/// Reductions that leave out NaN. Over nothing but NaN, sums are 0, products 1, and all others NaN.
extension Tensor where Scalar: RealScalar {
  /// The tensor with another value in place of NaN, and others in place of infinity if given.
  public func replacingNaN(
    with value: Scalar = 0, positiveInfinity: Scalar? = nil, negativeInfinity: Scalar? = nil
  ) -> Tensor {
    var result = select(where: isNaN, Tensor(value), otherwise: self)
    if let positiveInfinity { result.fill(positiveInfinity, where: self .== Scalar.infinity) }
    if let negativeInfinity { result.fill(negativeInfinity, where: self .== -Scalar.infinity) }
    return result
  }

  /// The number of elements along the given axes, which disappear, that are not NaN.
  public func countIgnoringNaN(squeezingAxes axes: [Int]) -> Tensor<Int32> {
    (self .== self).trueCount(squeezingAxes: axes)
  }

  /// Sums along the given axes, which disappear.
  public func sumIgnoringNaN(squeezingAxes axes: [Int]) -> Tensor {
    replacingNaN().sum(squeezingAxes: axes)
  }

  /// Products along the given axes, which disappear.
  public func productIgnoringNaN(squeezingAxes axes: [Int]) -> Tensor {
    replacingNaN(with: 1).product(squeezingAxes: axes)
  }

  /// Means along the given axes, which disappear.
  public func meanIgnoringNaN(squeezingAxes axes: [Int]) -> Tensor {
    sumIgnoringNaN(squeezingAxes: axes)
      / countIgnoringNaN(squeezingAxes: axes).converted(to: Scalar.self)
  }

  /// Variances along the given axes, which disappear; `correction` as in
  /// `variance(alongAxes:correction:)`.
  public func varianceIgnoringNaN(squeezingAxes axes: [Int], correction: Int = 0) -> Tensor {
    perRun(axes, "varianceIgnoringNaN") { $0.variance(correction: correction) }
  }

  /// Square roots of `varianceIgnoringNaN(squeezingAxes:correction:)`.
  public func standardDeviationIgnoringNaN(squeezingAxes axes: [Int], correction: Int = 0)
    -> Tensor
  {
    sqrt(varianceIgnoringNaN(squeezingAxes: axes, correction: correction))
  }

  /// The largest elements along the given axes, which disappear. Traps when an axis is empty.
  public func maximumIgnoringNaN(squeezingAxes axes: [Int]) -> Tensor {
    perRun(axes, "maximumIgnoringNaN") { $0.maximum() }
  }

  /// The smallest elements along the given axes, which disappear. Traps when an axis is empty.
  public func minimumIgnoringNaN(squeezingAxes axes: [Int]) -> Tensor {
    perRun(axes, "minimumIgnoringNaN") { $0.minimum() }
  }

  /// Medians along the given axes, which disappear. Traps when an axis is empty.
  public func medianIgnoringNaN(squeezingAxes axes: [Int]) -> Tensor {
    quantileIgnoringNaN(0.5, squeezingAxes: axes, rule: .midpoint)
  }

  /// Quantiles along the given axes, which disappear. Traps when an axis is empty.
  public func quantileIgnoringNaN(
    _ share: Double, squeezingAxes axes: [Int], rule: QuantileRule = .linear
  ) -> Tensor {
    perRun(axes, "quantileIgnoringNaN") { $0.quantile(share, rule: rule) }
  }

  /// The position of the largest element along an axis, which disappears. Traps when the axis is
  /// empty; 0 where all elements are NaN.
  public func argmaxIgnoringNaN(squeezingAxis axis: Int) -> Tensor<Int32> {
    replacingNaN(with: -.infinity).argmax(squeezingAxis: axis)
  }

  /// The position of the smallest element along an axis, which disappears. Traps when the axis is
  /// empty; 0 where all elements are NaN.
  public func argminIgnoringNaN(squeezingAxis axis: Int) -> Tensor<Int32> {
    replacingNaN(with: .infinity).argmin(squeezingAxis: axis)
  }

  /// Cumulative sums along an axis in which NaN counts as 0.
  public func cumulativeSumIgnoringNaN(alongAxis axis: Int) -> Tensor {
    replacingNaN().cumulativeSum(alongAxis: axis)
  }

  /// `reduce` over the numbers of each run of elements that the axes span; NaN for a run without.
  private func perRun(
    _ axes: [Int], _ operation: StaticString, _ reduce: (Tensor) -> Scalar
  ) -> Tensor {
    checkNotEmpty(axes, operation)
    return reduced(axes, operation) { x, count -> Scalar in
      let numbers = withoutNaN(x, count)
      return numbers.elementCount == 0 ? .nan : reduce(numbers)
    }.dropping(axes, operation)
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func withoutNaN<Scalar: RealScalar>(_ x: UnsafePointer<Scalar>, _ count: Int)
  -> Tensor<Scalar>
{
  let storage = TensorStorage<Scalar>(count: count + 1)
  let y = storage.base
  var next = 0
  for i in 0..<count {
    y[next] = x[i]
    next += x[i] == x[i] ? 1 : 0
  }
  return Tensor(storage: storage, shape: [next])
}
