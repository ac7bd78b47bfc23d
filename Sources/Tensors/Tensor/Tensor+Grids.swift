extension Tensor {
  /// Coordinates of a grid from those along each axis: the k-th result has element i of the k-th vector
  /// wherever the k-th index is i, and all have one axis for each vector, in their order. Views. Traps
  /// when one is not a vector.
  public static func grid(_ vectors: [Tensor]) -> [Tensor] {
    precondition(
      vectors.allSatisfy { $0.rank == 1 }, "grid: shapes \(vectors.map(\.shape)) are not vectors")
    let sizes = vectors.map(\.elementCount)
    return vectors.indices.map { axis in
      var lone = Array(repeating: 1, count: sizes.count)
      lone[axis] = sizes[axis]
      return vectors[axis].reshaped(to: Shape(lone)).broadcast(to: Shape(sizes))
    }
  }

  /// A matrix of blocks: the tensors of each inner list side by side, and these below each other.
  /// Traps when they do not fit.
  public static func blocks(_ rows: [[Tensor]]) -> Tensor {
    concatenated(rows.map { concatenated($0, alongAxis: -1) }, alongAxis: -2)
  }

  /// The elements, row by row, repeated `count` times each along an axis. Traps when `count` is
  /// negative.
  public func repeated(_ count: Int, alongAxis axis: Int) -> Tensor {
    precondition(count >= 0, "repeated: count \(count) is negative")
    let position = shape.normalized(axis: axis, in: "repeated")
    var sizes = shape.dimensions
    sizes.insert(count, at: position + 1)
    let apart = expandingShape(at: position + 1).broadcast(to: Shape(sizes))
    sizes.remove(at: position + 1)
    sizes[position] *= count
    return apart.reshaped(to: Shape(sizes))
  }

  /// Element i along an axis repeated `counts[i]` times. Traps when the counts do not fit.
  public func repeated(_ counts: [Int], alongAxis axis: Int) -> Tensor {
    let position = shape.normalized(axis: axis, in: "repeated")
    precondition(
      counts.count == shape[position] && counts.allSatisfy { $0 >= 0 },
      "repeated: counts \(counts) for axis \(axis) of \(shape)")
    let places = counts.enumerated().flatMap { Array(repeating: $0.offset, count: $0.element) }
    return part(TensorIndexPart.list(places, alongAxis: position))
  }

  /// The matrix turned by quarter turns against the clock in the plane of its first two axes, a
  /// view. Traps with fewer than two axes.
  public func rotated(quarterTurns turns: Int = 1) -> Tensor {
    precondition(rank >= 2, "rotated: shape \(shape) is not a matrix")
    var swapped = Array(0..<rank)
    swapped.swapAt(0, 1)
    switch ((turns % 4) + 4) % 4 {
    case 1: return transposed(swapped).flipped(alongAxes: [0])
    case 2: return flipped(alongAxes: [0, 1])
    case 3: return transposed(swapped).flipped(alongAxes: [1])
    default: return self
    }
  }

  /// The tensor without the positions listed along an axis. Negative ones count from the back; traps
  /// outside the axis.
  public func removing(_ positions: [Int], alongAxis axis: Int) -> Tensor {
    let position = shape.normalized(axis: axis, in: "removing")
    let size = shape[position]
    let gone = Set(
      positions.map { place in
        precondition(
          place >= -size && place < size,
          "removing: position \(place) outside axis \(axis) of \(shape)")
        return place < 0 ? place + size : place
      })
    return part(
      TensorIndexPart.list((0..<size).filter { !gone.contains($0) }, alongAxis: position))
  }

  /// The tensor with `part` inserted before a position along an axis. Traps when the shapes do not fit.
  public func inserting(_ part: Tensor, at position: Int, alongAxis axis: Int) -> Tensor {
    let along = shape.normalized(axis: axis, in: "inserting")
    let place = position < 0 ? position + shape[along] : position
    return .concatenated(
      [
        sliced(0..<place, alongAxis: along), part, sliced(place..<shape[along], alongAxis: along),
      ], alongAxis: along)
  }

  /// Views of `parts` consecutive parts along an axis whose sizes differ by at most one, the larger ones
  /// first. Traps without parts.
  public func split(intoNearlyEqual parts: Int, alongAxis axis: Int = 0) -> [Tensor] {
    precondition(parts > 0, "split: \(parts) parts")
    let (size, rest) = shape[shape.normalized(axis: axis, in: "split")]
      .quotientAndRemainder(dividingBy: parts)
    return split(sizes: (0..<parts).map { $0 < rest ? size + 1 : size }, alongAxis: axis)
  }
}

extension TensorIndexPart {
  /// Positions along one axis, with all axes before it whole.
  static func list(_ positions: [Int], alongAxis axis: Int) -> [TensorIndexPart] {
    Array(repeating: .all, count: axis) + [.list(positions, shape: [positions.count])]
  }
}

extension Tensor where Scalar: RealScalar {
  /// The powers of a vector as columns: `[size, count]`, with exponents 0, 1, ... or, `descending`, count
  /// - 1 down to 0. Traps unless it is a vector.
  public static func vandermonde(_ x: Tensor, count: Int, _ order: SortDirection = .ascending)
    -> Tensor
  {
    precondition(x.rank == 1 && count >= 0, "vandermonde: shape \(x.shape), \(count) powers")
    let exponents = Tensor((0..<count).map { Scalar($0) })
    let powers = pow(x.expandingShape(at: 1), exponents)
    return order == .ascending ? powers : powers.flipped(alongAxes: [1])
  }

  /// The vector of `count` numbers of equal ratios, the first `start` and the last `end`. Traps when
  /// `count` is negative, or unless both are not 0 and of one sign.
  public static func geometricSpace(from start: Scalar, through end: Scalar, count: Int) -> Tensor {
    precondition(
      start * end > 0,
      "geometricSpace: \(start) and \(end) are not of one sign and different from 0")
    let sign: Double = start < 0 ? -1 : 1
    let logs = Tensor<Double>.linearSpace(
      from: ScalarMath.log(Double(start.magnitude)), through: ScalarMath.log(Double(end.magnitude)),
      count: count)
    var result = (exp(logs) * sign).converted(to: Scalar.self)
    if count > 0 { result[0] = start }
    if count > 1 { result[-1] = end }
    return result
  }
}

extension Tensor where Scalar == Int32 {
  /// The indices of the elements on and below a diagonal of a `[rows, columns]` matrix, row by row:
  /// `[count, 2]`.
  public static func lowerTriangleIndices(rows: Int, columns: Int, offset: Int = 0) -> Tensor {
    Tensor<Int64>.ones([rows, columns]).lowerTriangle(offset: offset).nonzeroIndices()
  }

  /// The indices of the elements on and above a diagonal of a `[rows, columns]` matrix, row by row:
  /// `[count, 2]`.
  public static func upperTriangleIndices(rows: Int, columns: Int, offset: Int = 0) -> Tensor {
    Tensor<Int64>.ones([rows, columns]).upperTriangle(offset: offset).nonzeroIndices()
  }

  /// The row-major position of each index `[count, rank]` in a shape. Traps outside it.
  public func flattenedIndices(in shape: Shape) -> Tensor {
    precondition(
      rank == 2 && self.shape[1] == shape.rank, "flattenedIndices: \(self.shape) for shape \(shape)"
    )
    let values = scalars
    return Tensor(
      (0..<self.shape[0]).map { row in
        var position = 0
        for axis in 0..<shape.rank {
          let index = Int(values[row * shape.rank + axis])
          precondition(
            index >= 0 && index < shape[axis], "flattenedIndices: index \(index) outside \(shape)")
          position = position * shape[axis] + index
        }
        return Int32(position)
      })
  }

  /// The index along each axis of a shape of row-major positions: `[count, rank]`. Traps outside it.
  public func unflattenedIndices(in shape: Shape) -> Tensor {
    let strides = shape.contiguousStrides
    let count = shape.elementCount
    let indices = scalars.flatMap { position in
      precondition(
        position >= 0 && Int(position) < count, "unflattenedIndices: \(position) outside \(shape)")
      return shape.indices.map { Int32(Int(position) / strides[$0] % shape[$0]) }
    }
    return Tensor(indices, shape: [elementCount, shape.rank])
  }
}
