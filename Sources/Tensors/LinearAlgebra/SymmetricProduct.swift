extension Tensor where Scalar: RealScalar {
  /// The lower triangle of the product `aᵀ b` of two `[m, n]` matrices, for a product known to be
  /// symmetric: little more than half the cost. What lies above the diagonal is undefined. Traps
  /// when the shapes differ.
  package static func lowerProduct(_ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(a.shape == b.shape, "lowerProduct: \(a.shape) and \(b.shape) differ")
    let x = a.withMatrixRuns()
    let y = b.withMatrixRuns()
    let (m, n) = (a.shape[0], a.shape[1])
    let result = Tensor(storage: TensorStorage(count: n * n), shape: [n, n])
    guard n > 0 else { return result }
    let out = result.storage.base
    let (p, q) = (x.matrixLayout!, y.matrixLayout!)
    Threads.prepareBLAS()
    withExtendedLifetime((x.storage, y.storage, result.storage)) {
      if x.base == y.base, p == q, (squaredParts - 1) * n <= m, m * n * n >= 1 << 22 {
        squared(x.base, p.transposed, p.leading, m, n, into: out)
        return
      }
      // Bands of rows, a long one with a short one, so that all threads get the same work.
      let pairs = Swift.max(1, Swift.min(4 * Threads.count, n / 64))
      let width = (n + 2 * pairs - 1) / (2 * pairs)
      func band(_ index: Int) {
        let start = Swift.min(n, index * width)
        let end = Swift.min(n, start + width)
        guard end > start else { return }
        Scalar._gemm(
          !p.transposed, q.transposed, end - start, end, m, 1,
          x.base + start * (p.transposed ? p.leading : 1), p.leading, y.base, q.leading, 0,
          out + start * n, n)
      }
      parallelFor(pairs, grain: Swift.max(1, (1 << 19) / (1 + m * n * width))) { range in
        for index in range {
          band(index)
          band(2 * pairs - 1 - index)
        }
      }
    }
    return result
  }

  /// Fixed whatever the number of threads, as the order of additions depends on it.
  private static var squaredParts: Int { 4 }

  /// The lower triangle of `aᵀ a`, with `a` `[m, n]`: the sum over parts of its rows, which is a
  /// fifth faster than bands and takes no more memory than `a`. Small ones are left to matrix
  /// products, whose order of additions does not change while another thread holds OpenBLAS's
  /// threads.
  private static func squared(
    _ a: UnsafePointer<Scalar>, _ transposed: Bool, _ leading: Int, _ m: Int, _ n: Int,
    into out: UnsafeMutablePointer<Scalar>
  ) {
    let count = squaredParts
    let length = (m + count - 1) / count
    let others = TensorStorage<Scalar>(count: (count - 1) * n * n)
    parallelFor(count, grain: 1) { parts in
      for part in parts {
        let start = Swift.min(m, part * length)
        Scalar._syrk(
          !transposed, n, Swift.min(length, m - start), a + start * (transposed ? 1 : leading),
          leading, part == 0 ? out : others.base + (part - 1) * n * n, n)
      }
    }
    // Above the diagonals lies whatever the memory held.
    for row in 0..<n {
      for part in 1..<count {
        Scalar._scaleAdd(1, others.base + ((part - 1) * n + row) * n, 1, out + row * n, row + 1)
      }
    }
  }

  /// The whole symmetric matrix whose lower triangle this is.
  consuming func mirrored() -> Tensor {
    let n = shape[0]
    let upper = transposed().copied()
    var result = self
    result.withMutablePointer { out in
      upper.withPointer { upper in
        for row in 0..<n {
          (out + row * n + row).update(from: upper + row * n + row, count: n - row)
        }
      }
    }
    return result
  }
}
