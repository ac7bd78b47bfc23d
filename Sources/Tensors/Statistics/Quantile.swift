/// What a quantile between two elements is.
public enum QuantileRule: Hashable, Sendable {
  /// The point on the straight line between them.
  case linear
  /// The smaller one.
  case lower
  /// The larger one.
  case higher
  /// The nearer one; of both at equal distance the one with the even position.
  case nearest
  /// Their mean.
  case midpoint
}

extension Tensor where Scalar: RealScalar {
  /// The values that shares `shares` of the elements along the given axes are not above, for each
  /// share from 0 (the smallest) through 1 (the largest); NaN where an element is. The axes disappear
  /// and the shares are the first axis of the result: `[shares.count, ...]`. Traps on a share outside
  /// `0...1` and when an axis is empty.
  public func quantiles(
    _ shares: [Double], squeezingAxes axes: [Int], rule: QuantileRule = .linear
  ) -> Tensor {
    precondition(
      shares.allSatisfy { $0 >= 0 && $0 <= 1 }, "quantiles: \(shares) are not between 0 and 1")
    checkNotEmpty(axes, "quantiles")
    let gone = Set(axes.map { shape.normalized(axis: $0, in: "quantiles") })
    let kept = (0..<rank).filter { !gone.contains($0) }
    let length = gone.reduce(1) { $0 * shape[$1] }
    let sizes = kept.map { shape[$0] }
    let rows = transposed(kept + gone.sorted())
      .reshaped(to: Shape([sizes.reduce(1, *), length]))
    // Few shares are found by selection, without sorting everything.
    return quantilesOfRows(rows, shares, rule).reshaped(to: Shape([shares.count] + sizes))
  }

  /// The value that a share of the elements along the given axes is not above, as
  /// `quantiles(_:squeezingAxes:rule:)` gives it.
  public func quantile(
    _ share: Double, squeezingAxes axes: [Int], rule: QuantileRule = .linear
  ) -> Tensor {
    quantiles([share], squeezingAxes: axes, rule: rule).element(at: 0)
  }

  /// The same with the axes kept at size 1.
  public func quantile(_ share: Double, alongAxes axes: [Int], rule: QuantileRule = .linear)
    -> Tensor
  {
    let result = quantile(share, squeezingAxes: axes, rule: rule)
    let gone = Set(axes.map { shape.normalized(axis: $0, in: "quantiles") })
    return result.reshaped(to: Shape((0..<rank).map { gone.contains($0) ? 1 : shape[$0] }))
  }

  /// The value that a share of all elements is not above. Traps outside `0...1` and when empty.
  public func quantile(_ share: Double, rule: QuantileRule = .linear) -> Scalar {
    flattened().quantile(share, squeezingAxes: [0], rule: rule).scalar
  }

  /// The quantile of a share in percent.
  public func percentile(_ percent: Double, rule: QuantileRule = .linear) -> Scalar {
    quantile(percent / 100, rule: rule)
  }

  /// The quantiles of a share in percent along the given axes, which disappear.
  public func percentile(
    _ percent: Double, squeezingAxes axes: [Int], rule: QuantileRule = .linear
  ) -> Tensor {
    quantile(percent / 100, squeezingAxes: axes, rule: rule)
  }

  /// The middle of all elements in order, or the mean of the two in the middle; NaN if any is. Traps
  /// when empty.
  public func median() -> Scalar { quantile(0.5, rule: .midpoint) }

  /// Medians along the given axes, which stay with size 1.
  public func median(alongAxes axes: [Int]) -> Tensor {
    quantile(0.5, alongAxes: axes, rule: .midpoint)
  }

  /// Medians along the given axes, which disappear.
  public func median(squeezingAxes axes: [Int]) -> Tensor {
    quantile(0.5, squeezingAxes: axes, rule: .midpoint)
  }
}

/// The quantiles of every row: `[shares.count, rows]`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func quantilesOfRows<Scalar: RealScalar>(
  _ rows: Tensor<Scalar>, _ shares: [Double], _ rule: QuantileRule
) -> Tensor<Scalar> {
  let (count, length) = (rows.shape[0], rows.shape[1])
  let source = rows.contiguous()
  return Tensor(unsafeUninitializedShape: [shares.count, count]) { out in
    let target = out.baseAddress!
    source.withPointer { x in
      parallelFor(count, grain: rowGrain(length)) { range in
        let work = TensorStorage<Scalar>(count: length)
        let values = work.base
        for row in range {
          var hasNaN = false
          for i in 0..<length {
            let value = x[row * length + i]
            values[i] = value
            hasNaN = hasNaN || value != value
          }
          for (k, share) in shares.enumerated() {
            target[k * count + row] =
              hasNaN ? .nan : quantile(values, length, share, rule)
          }
        }
        withExtendedLifetime(work) {}
      }
    }
  }
}

/// One quantile of numbers without NaN, which it moves around.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func quantile<Scalar: RealScalar>(
  _ values: UnsafeMutablePointer<Scalar>, _ count: Int, _ share: Double, _ rule: QuantileRule
) -> Scalar {
  let place = share * Double(count - 1)
  let below = Int(place)
  let fraction = place - Double(below)
  moveSmallest(values, count, below)
  let low = values[below]
  guard fraction > 0, below + 1 < count, rule != .lower else { return low }
  // The next one is the smallest of those behind.
  let high = Scalar._minimum(values + below + 1, count - below - 1)
  switch rule {
  case .higher: return high
  case .nearest:
    return fraction < 0.5 || (fraction == 0.5 && below % 2 == 0) ? low : high
  case .midpoint: return low == high ? low : Scalar((Double(low) + Double(high)) / 2)
  default: return low == high ? low : Scalar(Double(low) + (Double(high) - Double(low)) * fraction)
  }
}

/// Moves the elements so that the one at `place` is where sorting would put it, none before it is
/// larger and none behind it smaller (Hoare, Algorithm 65: Find, 1961). Pivots are medians of three
/// random-like places, so no order that data has by itself makes it slow.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
func moveSmallest<Scalar: BinaryFloatingPoint>(
  _ x: UnsafeMutablePointer<Scalar>, _ count: Int, _ place: Int
) {
  var (first, last) = (0, count - 1)
  var state: UInt64 = 0x9E37_79B9_7F4A_7C15
  while first < last {
    func sample() -> Scalar {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return x[first + Int(truncatingIfNeeded: (state >> 33) % UInt64(last - first + 1))]
    }
    let (a, b, c) = (sample(), sample(), sample())
    let pivot = max(min(a, b), min(max(a, b), c))
    var (i, j) = (first, last)
    while i <= j {
      while x[i] < pivot { i += 1 }
      while x[j] > pivot { j -= 1 }
      if i <= j {
        (x[i], x[j]) = (x[j], x[i])
        i += 1
        j -= 1
      }
    }
    if place <= j {
      last = j
    } else if place >= i {
      first = i
    } else {
      return
    }
  }
}
