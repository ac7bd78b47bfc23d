/// What stands for one axis between the brackets of `tensor[...]`: an integer, a range, or one of
/// `.all`, `.stride(from:to:by:)`, `.newAxis`, `.ellipsis`. Only the library's own types conform.
public protocol TensorIndex: Sendable {
  /// The index in the form the subscript works with.
  var _part: TensorIndexPart { get }
}

/// The forms of an index.
public enum TensorIndexPart: TensorIndex, Hashable {
  /// One position; the axis disappears.
  case position(Int)
  /// The positions from `lower` (or the front) before `upper` (or the end).
  case range(lower: Int?, upper: Int?)
  /// Every `by`-th position from `from` before `to`, backwards when `by` is negative; an absent
  /// bound means the end on that side.
  case strided(from: Int?, to: Int?, by: Int)
  /// A new axis of size 1.
  case insertedAxis
  /// As many whole axes as the other indices leave.
  case remainingAxes

  /// Itself.
  public var _part: TensorIndexPart { self }
}

extension TensorIndex where Self == TensorIndexPart {
  /// The whole axis.
  public static var all: TensorIndexPart { .range(lower: nil, upper: nil) }
  /// A new axis of size 1.
  public static var newAxis: TensorIndexPart { .insertedAxis }
  /// As many whole axes as the other indices leave; at most once.
  public static var ellipsis: TensorIndexPart { .remainingAxes }
  /// Every `step`-th position from `start` before `end`; a negative step goes backwards, and an
  /// absent bound means the end on that side. `.stride(by: -1)` reverses an axis.
  public static func stride(from start: Int? = nil, to end: Int? = nil, by step: Int)
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
  public var _part: TensorIndexPart { .range(lower: lowerBound, upper: upperBound &+ 1) }
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
  public var _part: TensorIndexPart { .range(lower: nil, upper: upperBound &+ 1) }
}

extension Tensor {
  /// The part of the tensor that the indices name, one per axis from the first; axes without an
  /// index are taken whole. Reading gives a view; assigning copies the broadcast value into the
  /// part.
  ///
  /// Integers alone, one per axis, name an element: write `a[i, .ellipsis]` for a row whose type
  /// the context does not determine. Positions count from the front. Traps on a position or a range
  /// outside its axis, on too many indices, and on a value that does not broadcast to the part.
  @_disfavoredOverload
  public subscript(_ indices: any TensorIndex...) -> Tensor {
    get { view(indices.map(\._part)) }
    set { assign(newValue, at: indices.map(\._part)) }
  }

  mutating func assign(_ value: Tensor, at indices: [TensorIndexPart]) {
    let sizes = view(indices).shape
    precondition(
      value.shape.broadcast(with: sizes) == sizes,
      "subscript: \(value.shape) does not broadcast to \(sizes)")
    makeUnique()
    scatter(value.broadcast(to: sizes).contiguous(), into: view(indices))
  }

  private func view(_ indices: [TensorIndexPart]) -> Tensor {
    let used = indices.count { $0 != .insertedAxis && $0 != .remainingAxes }
    precondition(
      used <= rank && indices.count(where: { $0 == .remainingAxes }) <= 1,
      "subscript: \(indices.count) indices for shape \(shape)")
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
        continue
      case .remainingAxes:
        keep(rank - used)
        continue
      case .position(let position):
        precondition(
          position >= 0 && position < shape[axis],
          "subscript: position \(position) outside axis \(axis) of \(shape)")
        offset += position * steps[axis]
      case .range(let lower, let upper):
        let (first, end) = (lower ?? 0, upper ?? shape[axis])
        precondition(
          0 <= first && first <= end && end <= shape[axis],
          "subscript: \(first)..<\(end) outside axis \(axis) of \(shape)")
        offset += first < shape[axis] ? first * steps[axis] : 0
        sizes.append(end - first)
        strides.append(steps[axis])
      case .strided(let start, let end, let by):
        let (first, count) = strided(axis, start, end, by)
        offset += count > 0 ? first * steps[axis] : 0
        sizes.append(count)
        strides.append(by * steps[axis])
      }
      axis += 1
    }
    keep(rank - axis)
    return Tensor(storage: storage, shape: Shape(sizes), strides: strides, offset: offset)
  }

  private func strided(_ axis: Int, _ start: Int?, _ end: Int?, _ by: Int) -> (Int, Int) {
    let size = shape[axis]
    precondition(by != 0, "subscript: a stride of 0 along axis \(axis) of \(shape)")
    let first = start ?? (by > 0 ? 0 : size - 1)
    let last = end ?? (by > 0 ? size : -1)
    precondition(
      (start == nil || (first >= 0 && first <= size))
        && (end == nil || (last >= 0 && last <= size)),
      "subscript: stride from \(first) to \(last) outside axis \(axis) of \(shape)")
    let length = by > 0 ? last - first : first - last
    let count = length > 0 ? Int(UInt(length - 1) / by.magnitude) + 1 : 0
    precondition(
      count <= 0 || first < size, "subscript: stride from \(first) outside axis \(axis) of \(shape)"
    )
    return (first, Swift.max(0, count))
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
