/// How many of the elements lie between neighbouring edges.
public struct Histogram<Scalar: RealScalar>: Sendable {
  /// The number of elements, or the sum of their weights, in each bin: `[bins]`.
  public let counts: Tensor<Scalar>
  /// The edges of the bins, ascending: `[bins + 1]`. A bin includes its lower edge, the last one its
  /// upper edge, too.
  public let edges: Tensor<Scalar>

  /// The counts over their sum and the width of their bin, so that the integral is 1.
  public var density: Tensor<Scalar> { counts / (edges.differences() * counts.sum()) }
}

extension Tensor where Scalar: RealScalar {
  /// The histogram of all elements in `bins` bins of equal width over a range, by default that of the
  /// elements (of width 1 where they are all equal). Elements outside, NaN too, are not counted.
  /// `weights`, of the same shape, count instead of 1 for each. Traps without bins and on a range that
  /// is not finite.
  public func histogram(
    bins: Int, in range: ClosedRange<Scalar>? = nil, weights: Tensor? = nil
  ) -> Histogram<Scalar> {
    precondition(bins > 0, "histogram: \(bins) bins")
    var (low, high): (Scalar, Scalar) = (0, 1)
    if let range {
      (low, high) = (range.lowerBound, range.upperBound)
    } else if elementCount > 0 {
      (low, high) = (minimum(), maximum())
    }
    precondition(
      low.isFinite && high.isFinite,
      "histogram: the range from \(low) through \(high) is not finite. Give one with in:")
    if low == high { (low, high) = (low - 0.5, high + 0.5) }
    let edges = Tensor.linearSpace(from: low, through: high, count: bins + 1)
    return histogram(edges, weights) { values, weights, counts in
      edges.withPointer { countEqualBins(values, weights, $0, bins, counts) }
    }
  }

  /// The histogram of all elements between the given edges. Traps unless they are at least two and
  /// ascending.
  public func histogram(edges: Tensor, weights: Tensor? = nil) -> Histogram<Scalar> {
    let bounds = edges.scalars
    precondition(
      edges.rank == 1 && bounds.count >= 2
        && zip(bounds, bounds.dropFirst()).allSatisfy { $0 <= $1 },
      "histogram: edges of shape \(edges.shape) are not at least two ascending numbers")
    return histogram(edges, weights) { values, weights, counts in
      let bins = bounds.count - 1
      for (i, value) in values.enumerated() where value >= bounds[0] && value <= bounds[bins] {
        let place = edges.insertionPoint(of: value, side: .right) - 1
        counts[Swift.min(place, bins - 1)] += weights.map { Double($0[i]) } ?? 1
      }
    }
  }

  private func histogram(
    _ edges: Tensor, _ weights: Tensor?,
    _ count: (
      UnsafeBufferPointer<Scalar>, UnsafeBufferPointer<Scalar>?, UnsafeMutablePointer<Double>
    ) -> Void
  ) -> Histogram<Scalar> {
    precondition(
      weights == nil || weights!.shape == shape,
      "histogram: weights \(weights?.shape ?? []) for elements \(shape)")
    var counts = [Double](repeating: 0, count: edges.elementCount - 1)
    withUnsafeBuffer { values in
      counts.withUnsafeMutableBufferPointer { counts in
        if let weights {
          weights.withUnsafeBuffer { count(values, $0, counts.baseAddress!) }
        } else {
          count(values, nil, counts.baseAddress!)
        }
      }
    }
    return Histogram(counts: Tensor(counts.map { Scalar($0) }), edges: edges)
  }

  /// The bin of each element among `edges`, of which there are `count`: how many edges are not above
  /// it. NaN is above all.
  public func binned(at edges: Tensor) -> Tensor<Int32> {
    edges.searchSorted(self, side: .right)
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func countEqualBins<Scalar: RealScalar>(
  _ values: UnsafeBufferPointer<Scalar>, _ weights: UnsafeBufferPointer<Scalar>?,
  _ edges: UnsafePointer<Scalar>, _ bins: Int, _ counts: UnsafeMutablePointer<Double>
) {
  let (low, high) = (edges[0], edges[bins])
  let scale = Double(bins) / (Double(high) - Double(low))
  for i in 0..<values.count {
    let value = values[i]
    guard value >= low, value <= high else { continue }
    var bin = min(bins - 1, Int((Double(value) - Double(low)) * scale))
    // The product was rounded: the edges decide.
    if value < edges[bin] {
      bin -= 1
    } else if value >= edges[bin + 1], bin < bins - 1 {
      bin += 1
    }
    counts[bin] += weights == nil ? 1 : Double(weights![i])
  }
}

extension Tensor where Scalar: IndexScalar & FixedWidthInteger {
  /// How often each number from 0 on occurs, up to the largest or at least `minimumLength` numbers.
  /// Traps on negative ones.
  public func counts(minimumLength: Int = 0) -> Tensor<Int32> {
    let length = Swift.max(minimumLength, elementCount == 0 ? 0 : Int(maximum()) + 1)
    precondition(
      elementCount == 0 || minimum() >= 0, "counts: the elements of \(shape) include negative ones")
    return Tensor<Int32>(unsafeUninitializedShape: [length]) { out in
      out.initialize(repeating: 0)
      withUnsafeBuffer { countOccurrences($0, out) }
    }
  }

  /// The sum of the weights, of the same shape, of each number from 0 on. Traps on negative numbers
  /// and other shapes.
  public func counts<Weight: RealScalar>(weights: Tensor<Weight>, minimumLength: Int = 0)
    -> Tensor<Weight>
  {
    precondition(weights.shape == shape, "counts: weights \(weights.shape) for elements \(shape)")
    let length = Swift.max(minimumLength, elementCount == 0 ? 0 : Int(maximum()) + 1)
    precondition(
      elementCount == 0 || minimum() >= 0, "counts: the elements of \(shape) include negative ones")
    var sums = [Double](repeating: 0, count: length)
    withUnsafeBuffer { x in
      weights.withUnsafeBuffer { w in for i in x.indices { sums[Int(x[i])] += Double(w[i]) } }
    }
    return Tensor<Weight>(sums.map { Weight($0) })
  }
}

@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
private func countOccurrences<Scalar: FixedWidthInteger>(
  _ x: UnsafeBufferPointer<Scalar>, _ counts: UnsafeMutableBufferPointer<Int32>
) {
  for value in x { counts[Int(value)] += 1 }
}
