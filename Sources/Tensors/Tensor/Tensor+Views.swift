extension Tensor {
  /// The same elements, in row-major order, in another shape. Copies if the tensor is a view that
  /// is not contiguous. At most one size may be -1, which is computed from the rest. Traps when the
  /// counts differ.
  public func reshaped(to sizes: [Int]) -> Tensor {
    var sizes = sizes
    if let free = sizes.firstIndex(of: -1) {
      let rest = sizes.enumerated().reduce(1) { $1.offset == free ? $0 : $0 * $1.element }
      precondition(
        rest > 0 && elementCount % rest == 0, "reshaped: \(shape) does not fit \(sizes)")
      sizes[free] = elementCount / rest
    }
    return reshaped(to: Shape(sizes))
  }

  /// The same elements, in row-major order, in another shape. Traps when the counts differ.
  public func reshaped(to newShape: Shape) -> Tensor {
    precondition(
      newShape.elementCount == elementCount, "reshaped: \(shape) does not fit \(newShape)")
    let dense = contiguous()
    return Tensor(storage: dense.storage, shape: newShape, offset: dense.offset)
  }

  /// All elements as a vector.
  public func flattened() -> Tensor { reshaped(to: Shape([elementCount])) }

  /// The elements with all axes but the last merged into one: `[rows, lastDimension]`.
  public func asRows() -> Tensor {
    rank == 2 ? self : reshaped(to: Shape([shape.rowCount, shape.lastDimension]))
  }

  /// A view with its axes in the order given. Traps unless `axes` is a permutation.
  public func transposed(_ axes: [Int]) -> Tensor {
    precondition(
      axes.sorted() == Array(0..<rank), "transposed: \(axes) is not an order of axes of \(shape)")
    let strides = self.strides
    return Tensor(
      storage: storage, shape: Shape(axes.map { shape[$0] }), strides: axes.map { strides[$0] },
      offset: offset)
  }

  /// A view with the last two axes swapped; a vector is returned as it is.
  public func transposed() -> Tensor {
    guard rank >= 2 else { return self }
    var axes = Array(0..<rank)
    axes.swapAt(rank - 1, rank - 2)
    return transposed(axes)
  }

  /// A view with an axis of size 1 inserted at `axis` (negative: counted from the new back).
  public func expandingShape(at axis: Int) -> Tensor {
    let position = axis < 0 ? axis + rank + 1 : axis
    precondition(
      position >= 0 && position <= rank, "expandingShape: axis \(axis) outside shape \(shape)")
    var sizes = shape.dimensions
    var steps = strides
    sizes.insert(1, at: position)
    steps.insert(0, at: position)
    return Tensor(storage: storage, shape: Shape(sizes), strides: steps, offset: offset)
  }

  /// A view without an axis of size 1. Traps when its size is not 1.
  public func squeezingShape(at axis: Int) -> Tensor {
    let position = shape.normalized(axis: axis, in: "squeezingShape")
    precondition(shape[position] == 1, "squeezingShape: axis \(axis) of \(shape) is not 1")
    var sizes = shape.dimensions
    var steps = strides
    sizes.remove(at: position)
    steps.remove(at: position)
    return Tensor(storage: storage, shape: Shape(sizes), strides: steps, offset: offset)
  }

  /// A view repeated along new axes and axes of size 1. Traps when the shapes do not broadcast.
  public func broadcast(to target: Shape) -> Tensor {
    if target == shape { return self }
    precondition(
      shape.rank <= target.rank && shape.broadcast(with: target) == target,
      "broadcast: \(shape) does not broadcast to \(target)")
    let strides = self.strides
    let lead = target.rank - rank
    let steps = target.indices.map { axis in
      axis < lead || shape[axis - lead] == 1 ? 0 : strides[axis - lead]
    }
    return Tensor(storage: storage, shape: target, strides: steps, offset: offset)
  }

  /// A view of the part `range` along one axis. Traps outside the shape.
  public func sliced(_ range: Range<Int>, alongAxis axis: Int = 0) -> Tensor {
    let position = shape.normalized(axis: axis, in: "sliced")
    precondition(
      range.lowerBound >= 0 && range.upperBound <= shape[position],
      "sliced: \(range) outside axis \(axis) of \(shape)")
    var sizes = shape.dimensions
    sizes[position] = range.count
    let steps = strides
    return Tensor(
      storage: storage, shape: Shape(sizes), strides: steps,
      offset: offset + range.lowerBound * steps[position])
  }

  /// A view of one position along the first axis, which disappears. Traps outside the shape.
  public func element(at index: Int) -> Tensor {
    sliced(index..<(index + 1)).squeezingShape(at: 0)
  }
}
