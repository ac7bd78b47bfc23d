/// Parts of matrices. Axes before the last two are batch axes; a tensor with fewer than two axes
/// traps. `offset` selects a diagonal: 0 the main one, positive ones above it, negative ones below.
extension Tensor {
  /// The elements of a diagonal, `[..., rows, columns]` to `[..., length]`: a view. Empty if the
  /// diagonal is outside the matrix.
  public func diagonal(offset: Int = 0) -> Tensor {
    let (rows, columns) = matrixSizes("diagonal")
    let (down, right) = (Swift.max(0, -offset), Swift.max(0, offset))
    let length = Swift.max(0, Swift.min(rows - down, columns - right))
    let steps = strides
    let start = length == 0 ? 0 : down * steps[rank - 2] + right * steps[rank - 1]
    return Tensor(
      storage: storage, shape: Shape(shape.dropLast(2) + [length]),
      strides: steps.dropLast(2) + [steps[rank - 2] + steps[rank - 1]],
      offset: self.offset + start)
  }

  /// The elements on and below a diagonal, zero above it.
  public func lowerTriangle(offset: Int = 0) -> Tensor {
    keepingTriangle("lowerTriangle") { row, columns in
      0..<Swift.min(columns, Swift.max(0, row + offset + 1))
    }
  }

  /// The elements on and above a diagonal, zero below it.
  public func upperTriangle(offset: Int = 0) -> Tensor {
    keepingTriangle("upperTriangle") { row, columns in
      Swift.min(columns, Swift.max(0, row + offset))..<columns
    }
  }

  private func keepingTriangle(
    _ operation: StaticString, _ kept: (_ row: Int, _ columns: Int) -> Range<Int>
  ) -> Tensor {
    let (rows, columns) = matrixSizes(operation)
    return Tensor(unsafeUninitializedShape: shape) { out in
      guard let target = out.baseAddress, columns > 0 else { return }
      withPointer { source in
        for row in 0..<out.count / columns {
          let range = kept(row % rows, columns)
          let (from, to) = (source + row * columns, target + row * columns)
          to.initialize(repeating: .zeroScalar, count: range.lowerBound)
          (to + range.lowerBound).initialize(from: from + range.lowerBound, count: range.count)
          (to + range.upperBound).initialize(
            repeating: .zeroScalar, count: columns - range.upperBound)
        }
      }
    }
  }

  private func matrixSizes(_ operation: StaticString) -> (rows: Int, columns: Int) {
    precondition(rank >= 2, "\(operation): shape \(shape) is not a matrix")
    return (shape[rank - 2], shape[rank - 1])
  }
}

extension Tensor where Scalar: RealScalar {
  /// The sum of the main diagonal, `[..., rows, columns]` to `[...]`.
  public func trace() -> Tensor { diagonal().sum(squeezingAxes: [-1]) }
}
