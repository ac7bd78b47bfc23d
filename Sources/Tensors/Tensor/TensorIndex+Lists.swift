/// The lists and masks among the indices of a subscript.
///
/// The other indices are applied first and give a view in which each list still has its axis and each
/// mask its axes. The lists then select from this view.
struct Selection {
  /// The indices, with the whole axis in place of each axis of a list.
  let simple: [TensorIndexPart]
  /// Each list: the axis of the view that it begins at, how many axes it stands for, and the
  /// positions along them as one, and the sizes that they become.
  private var lists: [(axis: Int, axes: Int, positions: [Int], shape: [Int])] = []

  var isEmpty: Bool { lists.isEmpty }

  /// Traps when the indices do not fit the tensor.
  init<Scalar>(_ indices: [TensorIndexPart], of tensor: Tensor<Scalar>) {
    let shape = tensor.shape
    let used = indices.reduce(0) { $0 + ($1.axes ?? 0) }
    precondition(
      used <= shape.rank && indices.count(where: { $0 == .remainingAxes }) <= 1,
      "subscript: \(indices.count) indices for shape \(shape)")
    var simple: [TensorIndexPart] = []
    // The axis of the tensor, and that of the view.
    var (axis, place) = (0, 0)
    for index in indices {
      switch index {
      case .list(let positions, let sizes):
        let size = shape[axis]
        let front = positions.map { position in
          precondition(
            position >= -size && position < size,
            "subscript: position \(position) outside axis \(axis) of \(shape)")
          return position < 0 ? position + size : position
        }
        lists.append((place, 1, front, sizes))
        simple.append(.all)
        place += 1
      case .mask(let positions, let sizes):
        precondition(
          Array(shape[axis..<axis + sizes.count]) == sizes,
          "subscript: a mask of shape \(sizes) does not fit axis \(axis) of \(shape)")
        lists.append((place, sizes.count, positions, [positions.count]))
        simple += Array(repeating: .all, count: sizes.count)
        place += sizes.count
      case .position: simple.append(index)
      case .remainingAxes:
        simple.append(index)
        place += shape.rank - used
      default:
        simple.append(index)
        place += 1
      }
      axis += index.axes ?? shape.rank - used
    }
    self.simple = simple
  }

  /// The shape of the part that the lists select from the view.
  func shape<Scalar>(of view: Tensor<Scalar>) -> Shape {
    var sizes: [Int] = []
    var axis = 0
    for list in lists {
      sizes += view.shape.dimensions[axis..<list.axis] + list.shape
      axis = list.axis + list.axes
    }
    return Shape(sizes + view.shape.dimensions[axis...])
  }

  /// The selected elements.
  func take<Scalar>(from view: Tensor<Scalar>) -> Tensor<Scalar> {
    // From the last list to the first, so that the axes of those before stay where they are.
    lists.reversed().reduce(view) { part, list in
      var sizes = part.shape.dimensions
      let (outer, inner) = Self.sides(part.shape, list)
      sizes.replaceSubrange(list.axis..<list.axis + list.axes, with: list.shape)
      return taken(
        part.contiguous(), list.positions, outer: outer, inner: inner, into: Shape(sizes))
    }
  }

  /// Writes the elements of the contiguous `source` to the selected places of the view.
  func put<Scalar>(_ source: Tensor<Scalar>, into view: Tensor<Scalar>) {
    let sizes = view.shape.dimensions
    // The distance of every position along every axis, or group of axes of a mask, from the first.
    var offsets: [[Int]] = []
    var axis = 0
    func whole(_ axes: Range<Int>) -> [[Int]] {
      axes.map { axis in (0..<sizes[axis]).map { $0 * view.strides[axis] } }
    }
    for list in lists {
      offsets += whole(axis..<list.axis)
      axis = list.axis + list.axes
      offsets.append(
        list.positions.map { position in
          var (rest, distance) = (position, 0)
          for axis in stride(from: axis - 1, through: list.axis, by: -1) {
            distance += rest % sizes[axis] * view.strides[axis]
            rest /= sizes[axis]
          }
          return distance
        })
    }
    offsets += whole(axis..<sizes.count)
    guard source.elementCount > 0 else { return }
    putElements(source, offsets, into: view.base)
    withExtendedLifetime(view.storage) {}
  }

  private static func sides(
    _ shape: Shape, _ list: (axis: Int, axes: Int, positions: [Int], shape: [Int])
  ) -> (Int, Int) {
    (
      shape.dimensions[..<list.axis].reduce(1, *),
      shape.dimensions[(list.axis + list.axes)...].reduce(1, *)
    )
  }
}

/// The elements `[outer, positions, inner]` of a contiguous `[outer, size, inner]`.
@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
@_specialize(where Scalar == UInt8)
@_specialize(where Scalar == Bool)
private func taken<Scalar: TensorScalar>(
  _ source: Tensor<Scalar>, _ positions: [Int], outer: Int, inner: Int, into shape: Shape
) -> Tensor<Scalar> {
  let size = outer * inner == 0 ? 0 : source.elementCount / (outer * inner)
  let count = positions.count
  return Tensor(unsafeUninitializedShape: shape) { out in
    guard out.count > 0 else { return }
    let (from, to) = (source.base, out.baseAddress!)
    withExtendedLifetime(source.storage) {
      positions.withUnsafeBufferPointer { positions in
        for block in 0..<outer {
          let start = from + block * size * inner
          parallelFor(count, grain: max(1, elementwiseGrain / inner)) { range in
            let target = to + block * count * inner
            if inner == 1 {
              for i in range { target[i] = start[positions[i]] }
            } else {
              for i in range {
                (target + i * inner).update(from: start + positions[i] * inner, count: inner)
              }
            }
          }
        }
      }
    }
  }
}

@_specialize(where Scalar == Float)
@_specialize(where Scalar == Double)
@_specialize(where Scalar == Int32)
@_specialize(where Scalar == Int64)
@_specialize(where Scalar == UInt8)
private func putElements<Scalar: TensorScalar>(
  _ source: Tensor<Scalar>, _ offsets: [[Int]], into target: UnsafeMutablePointer<Scalar>
) {
  let last = offsets[offsets.count - 1]
  let lead = offsets.dropLast()
  source.withPointer { values in
    last.withUnsafeBufferPointer { last in
      for row in 0..<source.elementCount / last.count {
        var rest = row
        var start = 0
        for places in lead.reversed() {
          start += places[rest % places.count]
          rest /= places.count
        }
        for i in 0..<last.count { target[start + last[i]] = values[row * last.count + i] }
      }
    }
  }
}

extension Tensor where Scalar == Bool {
  /// The row-major positions of the true elements.
  func flatPositions() -> [Int] {
    withUnsafeBuffer { mask in
      let bytes = UnsafeRawBufferPointer(mask)
      var count = 0
      for byte in bytes { count += Int(byte) }
      return Array(unsafeUninitializedCapacity: count + 1) { places, filled in
        var next = 0
        // Written whether true or not, without a branch that the processor could not foresee.
        for i in 0..<bytes.count where next < count {
          places[next] = i
          next += Int(bytes[i])
        }
        filled = count
      }
    }
  }
}
