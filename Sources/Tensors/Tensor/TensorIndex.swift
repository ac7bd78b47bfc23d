/// What stands for one axis between the brackets of `tensor[...]`: an integer, a range, a list of
/// integers, a mask, or one of `.all`, `.stride(from:to:by:)`, `.newAxis`, `.ellipsis`. Only the
/// library's own types conform.
public protocol TensorIndex: Sendable {
  /// The index in the form the subscript works with.
  var _part: TensorIndexPart { get }
}

/// The forms of an index. Negative positions and bounds count from the back of the axis.
public enum TensorIndexPart: TensorIndex, Hashable {
  /// One position; the axis disappears.
  case position(Int)
  /// The positions from `lower` (or the front) before `upper` (or the end), as far as they exist.
  case range(lower: Int?, upper: Int?)
  /// Every `by`-th position from `from` before `to`, backwards when `by` is negative, as far as they
  /// exist; an absent bound means the end on that side.
  case strided(from: Int?, to: Int?, by: Int)
  /// The positions listed, in their order and as often as they stand there; the axis becomes the axes
  /// of the list.
  case list([Int], shape: [Int])
  /// The positions where a mask over as many axes as `shape` has is true, counted in row-major order;
  /// these axes become one.
  case mask([Int], shape: [Int])
  /// A new axis of size 1.
  case insertedAxis
  /// As many whole axes as the other indices leave.
  case remainingAxes

  /// Itself.
  public var _part: TensorIndexPart { self }

  /// The axes of the tensor that it stands for; nil for those that the others leave.
  var axes: Int? {
    switch self {
    case .insertedAxis: 0
    case .remainingAxes: nil
    case .mask(_, let shape): shape.count
    default: 1
    }
  }
}

extension TensorIndex where Self == TensorIndexPart {
  /// The whole axis.
  public static var all: TensorIndexPart { .range(lower: nil, upper: nil) }
  /// A new axis of size 1.
  public static var newAxis: TensorIndexPart { .insertedAxis }
  /// As many whole axes as the other indices leave; at most once.
  public static var ellipsis: TensorIndexPart { .remainingAxes }
  /// Every `step`-th position from `start` before `end`; a negative step goes backwards, a negative
  /// bound counts from the back, and an absent bound means the end on that side. `.stride(by: -1)`
  /// reverses an axis; `.stride(from: 1, to: -1)` leaves out both ends.
  public static func stride(from start: Int? = nil, to end: Int? = nil, by step: Int = 1)
    -> TensorIndexPart
  {
    .strided(from: start, to: end, by: step)
  }
}

extension Int: TensorIndex {
  /// One position.
  public var _part: TensorIndexPart { .position(self) }
}
extension Range: TensorIndex where Bound == Int {
  /// The positions of the range.
  public var _part: TensorIndexPart { .range(lower: lowerBound, upper: upperBound) }
}
extension ClosedRange: TensorIndex where Bound == Int {
  /// The positions of the range.
  public var _part: TensorIndexPart { .range(lower: lowerBound, upper: after(upperBound)) }
}
extension PartialRangeFrom: TensorIndex where Bound == Int {
  /// The positions from a bound on.
  public var _part: TensorIndexPart { .range(lower: lowerBound, upper: nil) }
}
extension PartialRangeUpTo: TensorIndex where Bound == Int {
  /// The positions before a bound.
  public var _part: TensorIndexPart { .range(lower: nil, upper: upperBound) }
}
extension PartialRangeThrough: TensorIndex where Bound == Int {
  /// The positions up to a bound.
  public var _part: TensorIndexPart { .range(lower: nil, upper: after(upperBound)) }
}
extension Array: TensorIndex where Element == Int {
  /// The positions listed.
  public var _part: TensorIndexPart { .list(self, shape: [count]) }
}

/// The bound after a position; none after the last one of an axis.
private func after(_ position: Int) -> Int? {
  position == -1 || position == .max ? nil : position + 1
}

/// A scalar whose tensors select parts of others: integers by position, Bool as a mask. Only the
/// library's own types conform.
public protocol IndexScalar: TensorScalar {
  /// The index that a tensor of this type is.
  static func _part(_ tensor: Tensor<Self>) -> TensorIndexPart
}

extension Int32: IndexScalar {
  /// The positions listed.
  public static func _part(_ tensor: Tensor<Int32>) -> TensorIndexPart {
    .list(tensor.withUnsafeBuffer { $0.map { Int($0) } }, shape: tensor.shape.dimensions)
  }
}
extension Int64: IndexScalar {
  /// The positions listed.
  public static func _part(_ tensor: Tensor<Int64>) -> TensorIndexPart {
    .list(tensor.withUnsafeBuffer { $0.map { Int($0) } }, shape: tensor.shape.dimensions)
  }
}
extension Bool: IndexScalar {
  /// The positions where the mask is true.
  public static func _part(_ mask: Tensor<Bool>) -> TensorIndexPart {
    precondition(mask.rank > 0, "subscript: a mask needs at least one axis")
    return .mask(mask.flatPositions(), shape: mask.shape.dimensions)
  }
}

extension Tensor: TensorIndex where Scalar: IndexScalar {
  /// The positions listed, or those where a mask is true.
  public var _part: TensorIndexPart { Scalar._part(self) }
}

extension Tensor {
  /// The part of the tensor that the indices name, one per axis from the first; axes without an
  /// index are taken whole. Positions, ranges and strides give a view; lists and masks copy. Assigning
  /// copies the broadcast value into the part.
  ///
  /// ```swift
  /// x[-1, .ellipsis]          // the last row
  /// x[.all, [3, 1, 2]]        // three columns in another order
  /// x[x .> 0]                 // the positive elements, a vector
  /// x[x .< 0] = Tensor(0)     // the others set to 0
  /// ```
  ///
  /// Several lists select from their axes independently: `x[[0, 2], [1, 3]]` has the shape `[2, 2]`.
  /// A mask stands for as many axes as it has. Negative positions and bounds count from the back;
  /// ranges end where the axis ends. Integers alone, one per axis, name an element: write
  /// `a[i, .ellipsis]` for a row whose type the context does not determine. If positions are
  /// listed twice, the last value assigned stays. Traps on a position outside its axis, on a mask that
  /// does not fit, on too many indices, and on a value that does not broadcast to the part.
  @_disfavoredOverload
  public subscript(_ indices: any TensorIndex...) -> Tensor {
    get { part(indices.map(\._part)) }
    set { assign(newValue, at: indices.map(\._part)) }
  }

  /// Sets every element of a part to one value.
  public mutating func fill(_ value: Scalar, at indices: any TensorIndex...) {
    assign(Tensor(value), at: indices.map(\._part))
  }

  mutating func assign(_ value: Tensor, at indices: [TensorIndexPart]) {
    let lists = Selection(indices, of: self)
    let target = view(lists.simple)
    let sizes = lists.shape(of: target)
    precondition(
      value.shape.broadcast(with: sizes) == sizes,
      "subscript: \(value.shape) does not broadcast to \(sizes)")
    if value.elementCount == 1, case .mask(let places, let size)? = indices.first,
      indices.count == 1
    {
      let inner = shape.dropFirst(size.count).reduce(1, *)
      makeUnique()
      put(value.scalar, at: places, inner: inner, into: base)
      return
    }
    let source = value.broadcast(to: sizes).contiguous()
    makeUnique()
    if lists.isEmpty {
      scatter(source, into: view(lists.simple))
    } else {
      lists.put(source, into: view(lists.simple))
    }
  }

  func part(_ indices: [TensorIndexPart]) -> Tensor {
    let lists = Selection(indices, of: self)
    let whole = view(lists.simple)
    return lists.isEmpty ? whole : lists.take(from: whole)
  }

  private func view(_ indices: [TensorIndexPart]) -> Tensor {
    let used = indices.reduce(0) { $0 + ($1.axes ?? 0) }
    let steps = strides
    var sizes: [Int] = []
    var strides: [Int] = []
    var offset = self.offset
    var axis = 0
    func keep(_ count: Int) {
      sizes += shape.dimensions[axis..<axis + count]
      strides += steps[axis..<axis + count]
      axis += count
    }
    for index in indices {
      switch index {
      case .insertedAxis:
        sizes.append(1)
        strides.append(0)
      case .remainingAxes:
        keep(rank - used)
      case .position(let position):
        let place = position < 0 ? position + shape[axis] : position
        precondition(
          place >= 0 && place < shape[axis],
          "subscript: position \(position) outside axis \(axis) of \(shape)")
        offset += place * steps[axis]
        axis += 1
      case .range(let lower, let upper):
        let (first, end) = (bound(lower, axis) ?? 0, bound(upper, axis) ?? shape[axis])
        offset += first < shape[axis] ? first * steps[axis] : 0
        sizes.append(Swift.max(0, end - first))
        strides.append(steps[axis])
        axis += 1
      case .strided(let start, let end, let by):
        let (first, count) = strided(axis, start, end, by)
        offset += count > 0 ? first * steps[axis] : 0
        sizes.append(count)
        strides.append(by &* steps[axis])
        axis += 1
      case .list, .mask:
        preconditionFailure("subscript: a list has no view")
      }
    }
    keep(rank - axis)
    return Tensor(storage: storage, shape: Shape(sizes), strides: strides, offset: offset)
  }

  /// A bound counted from the front and moved into the axis.
  private func bound(_ bound: Int?, _ axis: Int) -> Int? {
    bound.map { Swift.max(0, Swift.min(shape[axis], $0 < 0 ? $0 &+ shape[axis] : $0)) }
  }

  private func strided(_ axis: Int, _ start: Int?, _ end: Int?, _ by: Int) -> (Int, Int) {
    let size = shape[axis]
    precondition(by != 0, "subscript: a stride of 0 along axis \(axis) of \(shape)")
    // Backwards, the axis reaches from its last position to before its first.
    func inside(_ bound: Int) -> Int {
      let place = bound < 0 ? bound &+ size : bound
      return by > 0
        ? Swift.max(0, Swift.min(size, place)) : Swift.max(-1, Swift.min(size - 1, place))
    }
    let first = start.map(inside) ?? (by > 0 ? 0 : size - 1)
    let last = end.map(inside) ?? (by > 0 ? size : -1)
    let length = by > 0 ? last - first : first - last
    return (first, length > 0 ? Int(UInt(length - 1) / by.magnitude) + 1 : 0)
  }
}

/// Writes one value to runs of `inner` elements.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
private func put<Scalar: TensorScalar>(
  _ value: Scalar, at places: [Int], inner: Int, into target: UnsafeMutablePointer<Scalar>
) {
  for place in places {
    for i in place * inner..<(place + 1) * inner { target[i] = value }
  }
}

/// Writes the elements of the contiguous `source` to the places of the view `target`, of equal
/// shape.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
private func scatter<Scalar: TensorScalar>(_ source: Tensor<Scalar>, into target: Tensor<Scalar>) {
  let shape = target.shape
  guard shape.elementCount > 0 else { return }
  let inner = shape.lastDimension
  let strides = target.strides
  let step = strides.last ?? 1
  let (from, to) = (source.base, target.base)
  withExtendedLifetime((source.storage, target.storage)) {
    for row in 0..<shape.rowCount {
      var rest = row
      var start = 0
      for axis in stride(from: shape.rank - 2, through: 0, by: -1) {
        let (quotient, position) = rest.quotientAndRemainder(dividingBy: shape[axis])
        start += position * strides[axis]
        rest = quotient
      }
      let place = to + start
      let values = from + row * inner
      if step == 1 {
        place.update(from: values, count: inner)
      } else {
        for i in 0..<inner { place[i * step] = values[i] }
      }
    }
  }
}
