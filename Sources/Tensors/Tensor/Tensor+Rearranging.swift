extension Tensor {
  /// A view with one axis moved to another position, the others in their order.
  public func movingAxis(_ axis: Int, to target: Int) -> Tensor {
    let from = shape.normalized(axis: axis, in: "movingAxis")
    let to = shape.normalized(axis: target, in: "movingAxis")
    if from == to { return self }
    var axes = Array(0..<rank)
    axes.insert(axes.remove(at: from), at: to)
    return transposed(axes)
  }

  /// A view with the order of the elements along some axes reversed.
  public func flipped(alongAxes axes: [Int]) -> Tensor {
    var strides = self.strides
    var offset = self.offset
    for axis in Set(axes.map({ shape.normalized(axis: $0, in: "flipped") })) {
      offset += Swift.max(0, shape[axis] - 1) * strides[axis]
      strides[axis] *= -1
    }
    return Tensor(
      storage: storage, shape: shape, strides: strides, offset: elementCount == 0 ? 0 : offset)
  }

  /// The elements moved by `distance` positions along an axis; those that leave at one end enter at
  /// the other. Any distance is allowed, even negative ones.
  public func rolled(by distance: Int, alongAxis axis: Int) -> Tensor {
    let position = shape.normalized(axis: axis, in: "rolled")
    let size = shape[position]
    guard size > 0, distance % size != 0 else { return self }
    let cut = size - (distance % size + size) % size
    return .concatenated(
      [
        sliced(cut..<size, alongAxis: position), sliced(0..<cut, alongAxis: position),
      ], alongAxis: position)
  }

  /// Views of `parts` equal parts along an axis. Traps when its size is not a multiple of `parts`.
  public func split(into parts: Int, alongAxis axis: Int = 0) -> [Tensor] {
    let size = shape[shape.normalized(axis: axis, in: "split")]
    precondition(
      parts > 0 && size % parts == 0,
      "split: axis \(axis) of \(shape) does not divide into \(parts) equal parts")
    return split(sizes: Array(repeating: size / parts, count: parts), alongAxis: axis)
  }

  /// Views of consecutive parts of the given sizes along an axis. Traps unless they add up to it.
  public func split(sizes: [Int], alongAxis axis: Int = 0) -> [Tensor] {
    let position = shape.normalized(axis: axis, in: "split")
    precondition(
      sizes.allSatisfy { $0 >= 0 } && sizes.reduce(0, +) == shape[position],
      "split: sizes \(sizes) do not add up to axis \(axis) of \(shape)")
    var start = 0
    return sizes.map { size in
      defer { start += size }
      return sliced(start..<start + size, alongAxis: position)
    }
  }

  /// The tensor repeated `counts[axis]` times along each axis. Fewer counts than axes leave the
  /// first axes as they are; more put axes of size 1 in front. Traps on a negative count.
  public func tiled(_ counts: [Int]) -> Tensor {
    precondition(counts.allSatisfy { $0 >= 0 }, "tiled: negative count in \(counts)")
    let rank = Swift.max(self.rank, counts.count)
    let counts = Array(repeating: 1, count: rank - counts.count) + counts
    let sizes = Array(repeating: 1, count: rank - self.rank) + shape.dimensions
    // Each axis becomes (count, size), of which the first is a broadcast one.
    let apart = reshaped(to: Shape(sizes.flatMap { [1, $0] }))
    let repeated = apart.broadcast(to: Shape(zip(counts, sizes).flatMap { [$0, $1] }))
    return repeated.reshaped(to: Shape(zip(counts, sizes).map { $0 * $1 }))
  }

  /// The tensor with `widths[axis]` elements equal to `value` before and after it along each axis.
  /// Traps unless there is one pair per axis and none is negative.
  public func padded(
    _ widths: [(before: Int, after: Int)], with value: Scalar = .zeroScalar
  ) -> Tensor {
    precondition(
      widths.count == rank && widths.allSatisfy { $0.before >= 0 && $0.after >= 0 },
      "padded: widths \(widths) do not fit shape \(shape)")
    let sizes = zip(shape.dimensions, widths).map { $0 + $1.before + $1.after }
    var result = Tensor(repeating: value, shape: Shape(sizes))
    let inside = zip(shape.dimensions, widths).map {
      TensorIndexPart.range(lower: $1.before, upper: $1.before + $0)
    }
    result.assign(self, at: inside)
    return result
  }
}
