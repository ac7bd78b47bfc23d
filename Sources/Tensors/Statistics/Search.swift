/// On which side of equal elements a number is inserted.
public enum InsertionSide: Hashable, Sendable {
  /// Before them.
  case left
  /// Behind them.
  case right
}

extension Tensor where Scalar: Comparable {
  /// Where each of `values` would be inserted to keep this ascending vector in order: as many as there
  /// are elements below it, or not above it on the right side. NaN is above all numbers. Traps unless
  /// this is a vector.
  public func searchSorted(_ values: Tensor, side: InsertionSide = .left) -> Tensor<Int32> {
    precondition(rank == 1, "searchSorted: shape \(shape) is not a vector")
    let count = elementCount
    return Tensor<Int32>(unsafeUninitializedShape: values.shape) { out in
      let target = out.baseAddress!
      withPointer { sorted in
        values.withPointer { x in
          parallelFor(out.count, grain: 2_048) { range in
            findPlaces(sorted, count, x, side == .right, target, range)
          }
        }
      }
    }
  }

  /// Where one number would be inserted.
  func insertionPoint(of value: Scalar, side: InsertionSide) -> Int {
    var (value, place) = (value, Int32(0))
    withPointer { findPlaces($0, elementCount, &value, side == .right, &place, 0..<1) }
    return Int(place)
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
private func findPlaces<Scalar: Comparable>(
  _ sorted: UnsafePointer<Scalar>, _ count: Int, _ values: UnsafePointer<Scalar>, _ right: Bool,
  _ places: UnsafeMutablePointer<Int32>, _ range: Range<Int>
) {
  for i in range {
    let value = values[i]
    var (first, length) = (0, count)
    while length > 0 {
      let half = length / 2
      let middle = sorted[first + half]
      // NaN, which equals nothing, comes after all numbers.
      let goesBefore =
        right
        ? !(value < middle || (value == value && middle != middle))
        : middle < value || (middle == middle && value != value)
      first += goesBefore ? half + 1 : 0
      length = goesBefore ? length - half - 1 : half
    }
    places[i] = Int32(first)
  }
}

extension Tensor where Scalar: RealScalar {
  /// The values at these places of the straight lines through the points (`places`, `values`), vectors
  /// of equal length with ascending places. Before the first and after the last it is the value there,
  /// or `outside` where given. Traps when the shapes do not fit.
  public func interpolated(
    places: Tensor, values: Tensor, outside: (before: Scalar, after: Scalar)? = nil
  ) -> Tensor {
    precondition(
      places.rank == 1 && places.shape == values.shape && places.elementCount > 0,
      "interpolated: places \(places.shape) and values \(values.shape) are not vectors of one length"
    )
    let right = places.searchSorted(self, side: .right)
    let ends = outside ?? (values[0], values[-1])
    return Tensor(unsafeUninitializedShape: shape) { out in
      let target = out.baseAddress!
      withPointer { x in
        places.withPointer { p in
          values.withPointer { v in
            right.withPointer { index in
              interpolate(
                x, p, v, index, places.elementCount, ends.before, ends.after, target, out.count)
            }
          }
        }
      }
    }
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
private func interpolate<Scalar: RealScalar>(
  _ x: UnsafePointer<Scalar>, _ places: UnsafePointer<Scalar>, _ values: UnsafePointer<Scalar>,
  _ right: UnsafePointer<Int32>, _ count: Int, _ before: Scalar, _ after: Scalar,
  _ out: UnsafeMutablePointer<Scalar>, _ n: Int
) {
  for i in 0..<n {
    let (value, k) = (x[i], Int(right[i]))
    if value != value {
      out[i] = value
    } else if k == 0 {
      out[i] = before
    } else if k == count {
      out[i] = value == places[count - 1] ? values[count - 1] : after
    } else {
      let (a, b) = (Double(places[k - 1]), Double(places[k]))
      let (low, high) = (Double(values[k - 1]), Double(values[k]))
      out[i] = Scalar(low + (high - low) / (b - a) * (Double(value) - a))
    }
  }
}

extension Tensor where Scalar: RealScalar {
  /// The index of every element that is not 0, in row-major order: `[count, rank]`.
  public func nonzeroIndices() -> Tensor<Int32> { (self .!= 0).trueIndices() }
}

extension Tensor where Scalar: FixedWidthInteger {
  /// The index of every element that is not 0, in row-major order: `[count, rank]`.
  public func nonzeroIndices() -> Tensor<Int32> { (self .!= 0).trueIndices() }
}
