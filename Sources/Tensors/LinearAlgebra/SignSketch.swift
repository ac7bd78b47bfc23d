extension Tensor where Scalar: RealScalar {
  /// The product of this matrix `[m, n]` with a random sparse matrix of signs `[n, count]`: `[m,
  /// count]`, which captures the range as a Gaussian one does, for the cost of reading the matrix
  /// twice.
  ///
  /// Blocks of `count` columns are added up twice, each time with random signs and cyclically
  /// shifted by a random distance, so that no two columns of one block ever meet. With few columns,
  /// where signs might cancel, the random matrix is Gaussian and dense.
  func sketchingColumns(to count: Int, using source: inout RandomSource) -> Tensor {
    let (m, n) = (shape[0], shape[1])
    guard count >= 16, n > count else { return matmul(self, .normal([n, count], using: &source)) }
    let a = withMatrixRuns()
    let (transposed, leading) = a.matrixLayout!
    let blocks = (n + count - 1) / count
    var shifts: [Int] = []
    for _ in 0..<blocks {
      let first = source.index(below: UInt64(count))
      // Any place but the first.
      let second = (first + 1 + source.index(below: UInt64(count - 1))) % UInt64(count)
      shifts += [Int(first), Int(second)]
    }
    let signs = Tensor<Float>(randomSigns(2 * n, using: &source)).converted(to: Scalar.self)
      .scalars
    return withExtendedLifetime(a.storage) {
      transposed
        ? Self.sketchedRows(a.base, leading, m, n, count, shifts, signs).transposed()
        : Self.sketchedColumns(a.base, leading, m, n, count, shifts, signs)
    }
  }

  /// The sketch of a row-major matrix: each row is folded twice, with different signs.
  private static func sketchedColumns(
    _ a: UnsafePointer<Scalar>, _ leading: Int, _ m: Int, _ n: Int, _ count: Int, _ shifts: [Int],
    _ signs: [Scalar]
  ) -> Tensor {
    Tensor(unsafeUninitializedShape: [m, count]) { out in
      let out = out.baseAddress!
      parallelFor(m, grain: Swift.max(1, elementwiseGrain / n)) { rows in
        signs.withUnsafeBufferPointer { signs in
          for row in rows {
            let (x, y) = (a + row * leading, out + row * count)
            Scalar._fill(0, y, count)
            for (index, shift) in shifts.enumerated() {
              let start = index / 2 * count
              let width = Swift.min(count, n - start)
              let before = Swift.min(width, count - shift)
              let sign = signs.baseAddress! + index % 2 * n
              Scalar._multiplyAdd(x + start, sign + start, y + shift, before)
              if width > before {
                let rest = start + before
                Scalar._multiplyAdd(x + rest, sign + rest, y, width - before)
              }
            }
          }
        }
      }
    }
  }

  /// The transposed sketch `[count, m]` of the transpose of a row-major matrix `[n, m]`: each of
  /// its rows is added to two rows of the result, in panels that stay in the cache.
  private static func sketchedRows(
    _ a: UnsafePointer<Scalar>, _ leading: Int, _ m: Int, _ n: Int, _ count: Int, _ shifts: [Int],
    _ signs: [Scalar]
  ) -> Tensor {
    Tensor(unsafeUninitializedShape: [count, m]) { out in
      let out = out.baseAddress!
      let panel = 128
      parallelFor((m + panel - 1) / panel, grain: 1) { panels in
        for index in panels {
          let start = index * panel
          let width = Swift.min(panel, m - start)
          for row in 0..<count { Scalar._fill(0, out + row * m + start, width) }
          for row in 0..<n {
            for turn in 0..<2 {
              let target = (row % count + shifts[row / count * 2 + turn]) % count
              Scalar._scaleAdd(
                signs[turn * n + row], a + row * leading + start, 1, out + target * m + start,
                width)
            }
          }
        }
      }
    }
  }
}

/// `count` random signs, 1 or -1. Not generic, because a generic loop over elements is slow.
private func randomSigns(_ count: Int, using source: inout RandomSource) -> [Float] {
  var bits: UInt64 = 0
  return (0..<count).map { index in
    if index & 63 == 0 { bits = source.next() }
    return bits >> UInt64(index & 63) & 1 == 0 ? 1 : -1
  }
}
