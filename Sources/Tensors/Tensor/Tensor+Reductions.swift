internal import CKernels

extension Tensor where Scalar: RealScalar {
  /// Sum of all elements, accumulated in double precision; 0 when empty.
  public func sum() -> Scalar { Scalar(doubleSum(Scalar._sum)) }

  /// Mean of all elements; NaN when empty.
  public func mean() -> Scalar { Scalar(doubleSum(Scalar._sum) / Double(elementCount)) }

  /// Sum of the squares of all elements, in double precision.
  public func sumOfSquares() -> Double { doubleSum(Scalar._sumOfSquares) }

  /// The Frobenius (Euclidean) norm, even if its square is out of range.
  public func norm() -> Double { withPointer { normOfRun($0, elementCount, sumOfSquares()) } }

  /// Inner product of two tensors of equal shape, in double precision.
  public func dot(_ other: Tensor) -> Double {
    precondition(shape == other.shape, "dot: shapes \(shape) and \(other.shape) differ")
    return withPointer { x in other.withPointer { y in Scalar._dot(x, y, elementCount) } }
  }

  /// The largest element; NaN if any is. Traps when empty.
  public func maximum() -> Scalar {
    precondition(elementCount > 0, "maximum: shape \(shape) is empty")
    return withPointer { Scalar._maximum($0, elementCount) }
  }

  /// The smallest element; NaN if any is. Traps when empty.
  public func minimum() -> Scalar {
    precondition(elementCount > 0, "minimum: shape \(shape) is empty")
    return withPointer { Scalar._minimum($0, elementCount) }
  }

  /// Whether no element is NaN or infinite.
  public var allFinite: Bool { withPointer { Scalar._allFinite($0, elementCount) } }

  /// Sums fixed chunks, so that the result does not depend on the number of threads.
  private func doubleSum(_ kernel: (UnsafePointer<Scalar>, Int) -> Double) -> Double {
    let chunk = 1 << 16
    let count = elementCount
    let chunks = (count + chunk - 1) / chunk
    guard chunks > 1 else { return withPointer { kernel($0, count) } }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: chunks) { partial in
      withPointer { x in
        parallelFor(chunks, grain: 1) { range in
          for i in range {
            partial[i] = kernel(x + i * chunk, min(chunk, count - i * chunk))
          }
        }
      }
      return partial.reduce(0, +)
    }
  }

  /// Sums along the given axes, which stay with size 1.
  public func sum(alongAxes axes: [Int]) -> Tensor {
    var sizes = shape.dimensions
    for axis in axes { sizes[shape.normalized(axis: axis, in: "sum")] = 1 }
    return sum(squeezingAxes: axes).reshaped(to: Shape(sizes))
  }

  /// Sums along the given axes, which disappear.
  public func sum(squeezingAxes axes: [Int]) -> Tensor {
    let reduced = Set(axes.map { shape.normalized(axis: $0, in: "sum") })
    if reduced.isEmpty { return self }
    let kept = (0..<rank).filter { !reduced.contains($0) }
    let keptShape = Shape(kept.map { shape[$0] })
    if isContiguous, kept == Array((rank - kept.count)..<rank) {
      return columnSums(cols: keptShape.elementCount).reshaped(to: keptShape)
    }
    let rows = transposed(kept + reduced.sorted()).contiguous()
    let cols = elementCount == 0 ? 0 : elementCount / max(1, keptShape.elementCount)
    return Tensor(unsafeUninitializedShape: keptShape) { out in
      let target = out.baseAddress!
      rows.withPointer { x in
        parallelFor(keptShape.elementCount, grain: max(1, elementwiseGrain / max(1, cols))) { r in
          for i in r { target[i] = Scalar(Scalar._sum(x + i * cols, cols)) }
        }
      }
    }
  }

  private func columnSums(cols: Int) -> Tensor {
    Tensor(unsafeUninitializedShape: [cols]) { out in
      out.initialize(repeating: 0)
      guard cols > 0, elementCount > 0 else { return }
      let rows = elementCount / cols
      let target = out.baseAddress!
      withPointer { x in
        parallelFor(cols, grain: max(16, elementwiseGrain / rows)) { r in
          Scalar._addColumnSums(x + r.lowerBound, rows, r.count, cols, target + r.lowerBound)
        }
      }
    }
  }

  /// The sum over every axis that was broadcast from `original`: the gradient of `broadcast(to:)`.
  package func summed(to original: Shape) -> Tensor {
    if shape == original { return self }
    let lead = rank - original.rank
    let axes = (0..<rank).filter { $0 < lead || (original[$0 - lead] == 1 && shape[$0] != 1) }
    return sum(squeezingAxes: axes).reshaped(to: original)
  }

  /// The position of the largest element of each row of the last axis, as `argmax(squeezingAxis:)`
  /// finds it.
  public func argmaxAlongRows() -> Tensor<Int32> { argmax(squeezingAxis: -1) }
}

/// The norm of some numbers whose sum of squares is known. If that sum is beyond the range of
/// doubles, or so small that some squares were, it is computed again with a power of two taken out.
func normOfRun<Scalar: RealScalar>(
  _ x: UnsafePointer<Scalar>, _ count: Int, _ squares: Double
) -> Double {
  if squares > 1e-280 && squares < .infinity || count == 0 { return squares.squareRoot() }
  let largest = Double(max(Scalar._maximum(x, count), -Scalar._minimum(x, count)))
  guard largest > 0, largest < .infinity else { return squares.squareRoot() }
  let scale = powerOfTwo(near: largest)
  let sum = UnsafeBufferPointer(start: x, count: count).reduce(0) {
    let scaled = Double($1) * scale
    return $0 + scaled * scaled
  }
  return sum.squareRoot() / scale
}
