/// What is carried from one element to the next.
enum CumulativeOperation { case sum, product, maximum, minimum }

/// Running results along an axis, each element included in its own; the shape stays.
extension Tensor {
  /// `run` applied to every run along an axis: from its elements to the same number of results.
  func scanned(
    alongAxis axis: Int, _ operation: StaticString,
    _ run: (UnsafePointer<Scalar>, UnsafeMutablePointer<Scalar>, Int) -> Void
  ) -> Tensor {
    let position = shape.normalized(axis: axis, in: operation)
    let rows = movingAxis(position, to: -1).contiguous()
    let length = rows.shape.lastDimension
    let result = Tensor(unsafeUninitializedShape: rows.shape) { out in
      guard out.count > 0 else { return }
      let (source, target) = (rows.base, out.baseAddress!)
      withExtendedLifetime(rows.storage) {
        parallelFor(out.count / length, grain: rowGrain(length)) { range in
          for row in range { run(source + row * length, target + row * length, length) }
        }
      }
    }
    return result.movingAxis(-1, to: position)
  }
}

extension Tensor where Scalar: RealScalar {
  /// Cumulative sums along an axis, added one by one in double precision and rounded once each.
  public func cumulativeSum(alongAxis axis: Int) -> Tensor {
    scanned(alongAxis: axis, "cumulativeSum") { accumulate(.sum, $0, $1, $2) }
  }

  /// Cumulative products along an axis, multiplied in double precision and rounded once each.
  public func cumulativeProduct(alongAxis axis: Int) -> Tensor {
    scanned(alongAxis: axis, "cumulativeProduct") { accumulate(.product, $0, $1, $2) }
  }

  /// The largest element so far along an axis; NaN from the first one on.
  public func cumulativeMaximum(alongAxis axis: Int) -> Tensor {
    scanned(alongAxis: axis, "cumulativeMaximum") { accumulate(.maximum, $0, $1, $2) }
  }

  /// The smallest element so far along an axis; NaN from the first one on.
  public func cumulativeMinimum(alongAxis axis: Int) -> Tensor {
    scanned(alongAxis: axis, "cumulativeMinimum") { accumulate(.minimum, $0, $1, $2) }
  }

  /// Differences of neighbours along an axis, which becomes shorter by one; repeated `order` times.
  /// Traps when `order` is negative.
  public func differences(order: Int = 1, alongAxis axis: Int = -1) -> Tensor {
    differences(order, axis) { $0 - $1 }
  }

  /// The integral along an axis, which disappears, of the straight lines through the elements, at
  /// places `spacing` apart.
  public func trapezoid(spacing: Scalar = 1, alongAxis axis: Int = -1) -> Tensor {
    let position = shape.normalized(axis: axis, in: "trapezoid")
    let size = shape[position]
    guard size > 1 else { return sum(squeezingAxes: [position]) * 0 }
    let ends = sliced(0..<1, alongAxis: position) + sliced(size - 1..<size, alongAxis: position)
    let inner = sum(alongAxes: [position]) - ends * 0.5
    return (inner * spacing).squeezingShape(at: position)
  }

  /// The integral along an axis, which disappears, of the straight lines through the elements at the
  /// places `places` `[size]`. Traps when their number does not fit.
  public func trapezoid(at places: Tensor, alongAxis axis: Int = -1) -> Tensor {
    let position = shape.normalized(axis: axis, in: "trapezoid")
    let size = shape[position]
    precondition(
      places.shape == [size], "trapezoid: places \(places.shape) for axis \(axis) of \(shape)")
    let rows = movingAxis(position, to: -1)
    guard size > 1 else { return rows.sum(squeezingAxes: [-1]) * 0 }
    let last = rows.rank - 1
    let pairs = rows.sliced(1..<size, alongAxis: last) + rows.sliced(0..<size - 1, alongAxis: last)
    return (pairs * places.differences()).sum(squeezingAxes: [-1]) * 0.5
  }
}

/// Cumulative sums and products trap on overflow.
extension Tensor where Scalar: FixedWidthInteger {
  /// Cumulative sums along an axis.
  public func cumulativeSum(alongAxis axis: Int) -> Tensor {
    scanned(alongAxis: axis, "cumulativeSum") { accumulateIntegers(.sum, $0, $1, $2) }
  }

  /// Cumulative products along an axis.
  public func cumulativeProduct(alongAxis axis: Int) -> Tensor {
    scanned(alongAxis: axis, "cumulativeProduct") { accumulateIntegers(.product, $0, $1, $2) }
  }

  /// The largest element so far along an axis.
  public func cumulativeMaximum(alongAxis axis: Int) -> Tensor {
    scanned(alongAxis: axis, "cumulativeMaximum") { accumulateIntegers(.maximum, $0, $1, $2) }
  }

  /// The smallest element so far along an axis.
  public func cumulativeMinimum(alongAxis axis: Int) -> Tensor {
    scanned(alongAxis: axis, "cumulativeMinimum") { accumulateIntegers(.minimum, $0, $1, $2) }
  }

  /// Differences of neighbours along an axis, which becomes shorter by one; repeated `order` times.
  /// Traps when `order` is negative.
  public func differences(order: Int = 1, alongAxis axis: Int = -1) -> Tensor {
    differences(order, axis) { $0 - $1 }
  }
}

extension Tensor {
  fileprivate func differences(_ order: Int, _ axis: Int, _ minus: (Tensor, Tensor) -> Tensor)
    -> Tensor
  {
    precondition(order >= 0, "differences: order \(order) is negative")
    let position = shape.normalized(axis: axis, in: "differences")
    return (0..<order).reduce(self) { x, _ in
      let size = x.shape[position]
      return size == 0
        ? x
        : minus(
          x.sliced(1..<size, alongAxis: position), x.sliced(0..<size - 1, alongAxis: position))
    }
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func accumulate<Scalar: RealScalar>(
  _ operation: CumulativeOperation, _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>,
  _ count: Int
) {
  switch operation {
  case .sum:
    var sum = 0.0
    for i in 0..<count {
      sum += Double(x[i])
      y[i] = Scalar(sum)
    }
  case .product:
    var product = 1.0
    for i in 0..<count {
      product *= Double(x[i])
      y[i] = Scalar(product)
    }
  case .maximum:
    var best = -Scalar.infinity
    for i in 0..<count {
      // Once NaN, it stays so.
      if !(x[i] <= best) && best == best { best = x[i] }
      y[i] = best
    }
  case .minimum:
    var best = Scalar.infinity
    for i in 0..<count {
      if !(x[i] >= best) && best == best { best = x[i] }
      y[i] = best
    }
  }
}

@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
@_specialize(where Scalar == UInt8)
private func accumulateIntegers<Scalar: FixedWidthInteger>(
  _ operation: CumulativeOperation, _ x: UnsafePointer<Scalar>, _ y: UnsafeMutablePointer<Scalar>,
  _ count: Int
) {
  guard count > 0 else { return }
  var carried = x[0]
  y[0] = carried
  for i in 1..<count {
    switch operation {
    case .sum:
      carried = exact(carried.addingReportingOverflow(x[i]), carried, x[i], "cumulativeSum")
    case .product:
      carried = exact(
        carried.multipliedReportingOverflow(by: x[i]), carried, x[i], "cumulativeProduct")
    case .maximum: carried = max(carried, x[i])
    case .minimum: carried = min(carried, x[i])
    }
    y[i] = carried
  }
}
