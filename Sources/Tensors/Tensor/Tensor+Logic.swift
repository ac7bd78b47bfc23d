/// Masks reduced along axes.
extension Tensor where Scalar == Bool {
  /// The numbers of true elements along the given axes, which disappear.
  public func trueCount(squeezingAxes axes: [Int]) -> Tensor<Int32> {
    reduced(axes, "trueCount", countTrue).dropping(axes, "trueCount")
  }

  /// The numbers of true elements along the given axes, which stay with size 1.
  public func trueCount(alongAxes axes: [Int]) -> Tensor<Int32> {
    reduced(axes, "trueCount", countTrue)
  }

  /// Whether any element along the given axes, which disappear, is true.
  public func anyTrue(squeezingAxes axes: [Int]) -> Tensor {
    anyTrue(alongAxes: axes).dropping(axes, "anyTrue")
  }

  /// Whether any element along the given axes, which stay with size 1, is true.
  public func anyTrue(alongAxes axes: [Int]) -> Tensor {
    reduced(axes, "anyTrue") { countTrue($0, $1) > 0 }
  }

  /// Whether every element along the given axes, which disappear, is true.
  public func allTrue(squeezingAxes axes: [Int]) -> Tensor {
    allTrue(alongAxes: axes).dropping(axes, "allTrue")
  }

  /// Whether every element along the given axes, which stay with size 1, is true.
  public func allTrue(alongAxes axes: [Int]) -> Tensor {
    reduced(axes, "allTrue") { countTrue($0, $1) == $1 }
  }
}

/// The true ones among some elements.
private func countTrue(_ x: UnsafePointer<Bool>, _ count: Int) -> Int32 {
  var sum: Int32 = 0
  for byte in UnsafeRawBufferPointer(start: x, count: count) { sum &+= Int32(byte) }
  return sum
}

extension Tensor where Scalar: RealScalar {
  /// Which elements differ from those of `other` by at most `absolute` plus `relative` times their
  /// magnitudes, with broadcasting. NaN is close to nothing, or to NaN where `nanEqual`.
  public func isClose(
    to other: Tensor, relative: Scalar = 1e-5, absolute: Scalar = 1e-8, nanEqual: Bool = false
  ) -> Tensor<Bool> {
    close(self, other, relative, absolute, nanEqual)
  }

  /// Whether all elements are close to those of `other`, as `isClose` tells, with broadcasting.
  public func allClose(
    to other: Tensor, relative: Scalar = 1e-5, absolute: Scalar = 1e-8, nanEqual: Bool = false
  ) -> Bool {
    isClose(to: other, relative: relative, absolute: absolute, nanEqual: nanEqual).allTrue
  }

  /// Which elements are infinite.
  public var isInfinite: Tensor<Bool> { Tensors.abs(self) .== Scalar.infinity }

  /// Which elements have a negative sign, zero and NaN included.
  public var isNegative: Tensor<Bool> { copySign(Tensor(1), self) .< 0 }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func close<Scalar: RealScalar>(
  _ a: Tensor<Scalar>, _ b: Tensor<Scalar>, _ relative: Scalar, _ absolute: Scalar,
  _ nanEqual: Bool
) -> Tensor<Bool> {
  zipped(a, b, "isClose") { x, y in
    // An infinite y would be close to every number.
    let near = Swift.abs(x - y) <= absolute + relative * Swift.abs(y) && y - y == 0
    return near || x == y || (nanEqual && x != x && y != y)
  }
}
