internal import CKernels

extension Tensor where Scalar: RealScalar {
  /// The rows of this matrix `[n, ...]` at `indices`: `[indices.shape..., ...]`. Traps on an index
  /// outside the rows.
  public func gatheringRows(at indices: Tensor<Int32>) -> Tensor {
    let cols = checkedRowLength(indices, "gatheringRows")
    let result = Tensor(
      unsafeUninitializedShape: Shape(indices.shape.dimensions + shape.dropFirst())
    ) { out in
      let target = out.baseAddress!
      withPointer { table in
        indices.withPointer { index in
          parallelFor(indices.elementCount, grain: max(1, elementwiseGrain / max(1, cols))) { r in
            let i = r.lowerBound
            Scalar._gatherRows(table, index + i, target + i * cols, r.count, cols)
          }
        }
      }
    }
    return result
  }

  /// Adds each row of `rows` to the row of this matrix that `indices` names, in order. Traps on an
  /// index outside the rows, or when `rows` does not fit.
  public mutating func scatterAdd(_ rows: Tensor, at indices: Tensor<Int32>) {
    let cols = checkedRowLength(indices, "scatterAdd")
    precondition(
      rows.elementCount == indices.elementCount * cols,
      "scatterAdd: rows \(rows.shape) do not fit \(indices.shape) indices into \(shape)")
    rows.withPointer { x in
      indices.withPointer { index in
        withMutablePointer { table in
          Scalar._scatterAddRows(x, index, table, indices.elementCount, cols)
        }
      }
    }
  }

  /// The same for indices of 64 bits.
  @_disfavoredOverload
  public func gatheringRows(at indices: Tensor<Int64>) -> Tensor {
    gatheringRows(at: indices.narrowed("gatheringRows"))
  }

  /// The same for indices of 64 bits.
  @_disfavoredOverload
  public mutating func scatterAdd(_ rows: Tensor, at indices: Tensor<Int64>) {
    scatterAdd(rows, at: indices.narrowed("scatterAdd"))
  }
}

extension Tensor where Scalar == Int64 {
  /// The same positions or labels in 32 bits, as the kernels take them. Traps if one does not fit.
  package func narrowed(_ operation: StaticString) -> Tensor<Int32> {
    Tensor<Int32>(unsafeUninitializedShape: shape) { out in
      withUnsafeBuffer { x in
        for i in out.indices {
          guard let index = Int32(exactly: x[i]) else {
            preconditionFailure("\(operation): index \(x[i]) does not fit 32 bits")
          }
          out[i] = index
        }
      }
    }
  }
}

extension Tensor where Scalar: HalfPrecisionScalar {
  /// The rows of this matrix `[n, ...]` at `indices`, `[indices.shape..., ...]`, in single precision.
  /// Traps on an index outside the rows.
  public func gatheringRows(at indices: Tensor<Int32>) -> Tensor<Float> {
    let cols = checkedRowLength(indices, "gatheringRows")
    return Tensor<Float>(
      unsafeUninitializedShape: Shape(indices.shape.dimensions + shape.dropFirst())
    ) { out in
      let target = out.baseAddress!
      withPointer { table in
        indices.withPointer { index in
          for i in 0..<indices.elementCount {
            Scalar._toFloat(table + Int(index[i]) * cols, target + i * cols, cols)
          }
        }
      }
    }
  }

  /// The same for indices of 64 bits.
  @_disfavoredOverload
  public func gatheringRows(at indices: Tensor<Int64>) -> Tensor<Float> {
    gatheringRows(at: indices.narrowed("gatheringRows"))
  }
}

extension Tensor {
  fileprivate func checkedRowLength(_ indices: Tensor<Int32>, _ operation: StaticString) -> Int {
    precondition(rank >= 1, "\(operation): a scalar has no rows")
    let rows = Int32(shape[0])
    indices.withUnsafeBuffer { buffer in
      for index in buffer {
        precondition(
          index >= 0 && index < rows, "\(operation): index \(index) outside \(shape)")
      }
    }
    return shape.dropFirst().reduce(1, *)
  }
}

extension Tensor {
  /// The tensors joined along one axis. Traps when other axes differ, or on an empty list.
  public static func concatenated(_ tensors: [Tensor], alongAxis axis: Int = 0) -> Tensor {
    precondition(!tensors.isEmpty, "concatenated: nothing to join")
    let first = tensors[0].shape
    let position = first.normalized(axis: axis, in: "concatenated")
    var sizes = first.dimensions
    sizes[position] = 0
    for tensor in tensors {
      var rest = tensor.shape.dimensions
      precondition(
        rest.count == sizes.count, "concatenated: shapes \(first) and \(tensor.shape) do not fit")
      sizes[position] += rest[position]
      rest[position] = sizes[position]
      precondition(
        rest == sizes, "concatenated: shapes \(first) and \(tensor.shape) do not fit")
    }
    let outer = sizes[..<position].reduce(1, *)
    let inner = sizes[(position + 1)...].reduce(1, *)
    let rowLength = sizes[position] * inner
    return Tensor(unsafeUninitializedShape: Shape(sizes)) { out in
      var start = 0
      for tensor in tensors {
        let run = tensor.shape[position] * inner
        tensor.withPointer { source in
          for row in 0..<outer {
            (out.baseAddress! + row * rowLength + start).update(
              from: source + row * run, count: run)
          }
        }
        start += run
      }
    }
  }

  /// The tensors joined along a new axis (negative: counted from the new back). Traps when their
  /// shapes differ, or on an empty list.
  public static func stacked(_ tensors: [Tensor], alongAxis axis: Int = 0) -> Tensor {
    concatenated(tensors.map { $0.expandingShape(at: axis) }, alongAxis: axis)
  }
}

extension Tensor {
  /// The rows of this tensor `[n, ...]` at `indices`, `[indices.shape..., ...]`. Traps on an index outside
  /// the rows.
  @_disfavoredOverload
  public func gatheringRows(at indices: Tensor<Int32>) -> Tensor {
    precondition(rank >= 1, "gatheringRows: a scalar has no rows")
    let (rows, columns) = (shape[0], Shape(Array(shape.dropFirst())).elementCount)
    return Tensor(
      unsafeUninitializedShape: Shape(indices.shape.dimensions + shape.dropFirst())
    ) { out in
      withUnsafeBuffer { table in
        for (place, index) in indices.scalars.enumerated() {
          precondition(
            (0..<rows).contains(Int(index)), "gatheringRows: index \(index) is outside \(rows) rows"
          )
          for column in 0..<columns {
            out[place * columns + column] = table[Int(index) * columns + column]
          }
        }
      }
    }
  }
}
