/// The distinct elements of a tensor.
public struct UniqueElements<Scalar: TensorScalar>: Sendable {
  /// The distinct elements, ascending; all NaN count as one, which is last: `[count]`.
  public let values: Tensor<Scalar>
  /// How often each occurs: `[count]`.
  public let counts: Tensor<Int32>
  /// The row-major position of the first occurrence of each: `[count]`.
  public let firstPositions: Tensor<Int32>
  /// Which of the values each element is, in the shape of the tensor.
  public let inverse: Tensor<Int32>
}

extension Tensor where Scalar: Comparable {
  /// The distinct elements in ascending order, how often and where each first occurs, and which of
  /// them each element is.
  public func uniqueElements() -> UniqueElements<Scalar> {
    let order = flattened().argsort()
    return withPointer { values in
      order.withPointer { order in
        runs(values, order, elementCount, shape)
      }
    }
  }

  /// The distinct elements in ascending order; all NaN count as one, which is last.
  public func unique() -> Tensor {
    let sorted = flattened().sorted()
    return sorted.withUnsafeBuffer { distinct($0) }
  }

  /// Which elements occur in `others`, in the shape of this tensor; NaN never does.
  public func isIn(_ others: Tensor) -> Tensor<Bool> {
    let sorted = others.flattened().sorted()
    let places = sorted.searchSorted(self)
    return Tensor<Bool>(unsafeUninitializedShape: shape) { out in
      withUnsafeBuffer { x in
        sorted.withUnsafeBuffer { sorted in
          places.withUnsafeBuffer { contained(x, sorted, $0, out.baseAddress!) }
        }
      }
    }
  }

  /// The distinct elements that occur both here and in `other`, ascending.
  public func intersection(_ other: Tensor) -> Tensor {
    let values = unique()
    return values.elements(where: values.isIn(other))
  }

  /// The distinct elements that occur here or in `other`, ascending.
  public func union(_ other: Tensor) -> Tensor {
    Tensor.concatenated([flattened(), other.flattened()]).unique()
  }

  /// The distinct elements that do not occur in `other`, ascending.
  public func subtracting(_ other: Tensor) -> Tensor {
    let values = unique()
    return values.elements(where: .!values.isIn(other))
  }

  /// The distinct elements that occur either here or in `other`, but not in both, ascending.
  public func symmetricDifference(_ other: Tensor) -> Tensor {
    Tensor.concatenated([subtracting(other), other.subtracting(self)]).unique()
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
private func distinct<Scalar: TensorScalar>(_ sorted: UnsafeBufferPointer<Scalar>)
  -> Tensor<Scalar>
{
  let storage = TensorStorage<Scalar>(count: sorted.count)
  var count = 0
  for value in sorted {
    if count > 0 {
      let last = storage.base[count - 1]
      if value == last || (value != value && last != last) { continue }
    }
    storage.base[count] = value
    count += 1
  }
  return Tensor(storage: storage, shape: [count]).copied()
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
private func runs<Scalar: TensorScalar & Comparable>(
  _ values: UnsafePointer<Scalar>, _ order: UnsafePointer<Int32>, _ count: Int, _ shape: Shape
) -> UniqueElements<Scalar> {
  let distinct = TensorStorage<Scalar>(count: count)
  let (counts, firsts) = (TensorStorage<Int32>(count: count), TensorStorage<Int32>(count: count))
  let inverse = TensorStorage<Int32>(count: count)
  var found = 0
  for i in 0..<count {
    let place = Int(order[i])
    let value = values[place]
    var isNext = found == 0
    if found > 0 {
      let last = distinct.base[found - 1]
      isNext = value != last && (value == value || last == last)
    }
    if isNext {
      // Equal elements keep their order, so this is the first of them.
      distinct.base[found] = value
      counts.base[found] = 0
      firsts.base[found] = order[i]
      found += 1
    }
    counts.base[found - 1] += 1
    inverse.base[place] = Int32(found - 1)
  }
  let size: Shape = [found]
  return UniqueElements(
    values: Tensor(storage: distinct, shape: size).copied(),
    counts: Tensor(storage: counts, shape: size).copied(),
    firstPositions: Tensor(storage: firsts, shape: size).copied(),
    inverse: Tensor(storage: inverse, shape: shape))
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
private func contained<Scalar: Equatable>(
  _ x: UnsafeBufferPointer<Scalar>, _ sorted: UnsafeBufferPointer<Scalar>,
  _ places: UnsafeBufferPointer<Int32>, _ out: UnsafeMutablePointer<Bool>
) {
  for i in 0..<x.count {
    let place = Int(places[i])
    out[i] = place < sorted.count && sorted[place] == x[i]
  }
}
