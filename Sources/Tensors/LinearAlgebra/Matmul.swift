internal import CKernels

/// The matrix product over the last two axes, with broadcasting of all axes before them.
///
/// `[..., m, k] x [..., k, n] -> [..., m, n]`; a vector counts as a row on the left, as a column on
/// the right, and its axis is dropped, as in NumPy. Transposed, sliced and broadcast views are read where they lie,
/// as long as one of the last two axes has its elements side by side. Traps when the shapes do not fit.
public func matmul<Scalar: RealScalar>(_ a: Tensor<Scalar>, _ b: Tensor<Scalar>)
  -> Tensor<Scalar>
{
  if a.rank == 1 {
    return matmul(a.expandingShape(at: 0), b).squeezingShape(at: b.rank == 1 ? 0 : -2)
  }
  if b.rank == 1 { return matmul(a, b.expandingShape(at: 1)).squeezingShape(at: -1) }
  precondition(
    a.rank >= 2 && b.rank >= 2 && a.shape[a.rank - 1] == b.shape[b.rank - 2],
    "matmul: shapes \(a.shape) and \(b.shape) do not fit")
  if b.rank == 2, a.rank == 2 || a.isContiguous {
    // One product for all rows of a.
    let rows = a.rank == 2 ? a : a.asRows()
    var result = Tensor<Scalar>(
      storage: TensorStorage(count: rows.shape[0] * b.shape[1]), shape: [rows.shape[0], b.shape[1]])
    result.addProduct(rows, b, keeping: 0)
    return a.rank == 2
      ? result : result.reshaped(to: Shape(a.shape.dropLast() + [b.shape[1]]))
  }
  let lead = Shape(Array(a.shape.dropLast(2)))
  guard let batch = lead.broadcast(with: Shape(Array(b.shape.dropLast(2)))) else {
    preconditionFailure("matmul: shapes \(a.shape) and \(b.shape) do not broadcast")
  }
  let (m, k, n) = (a.shape[a.rank - 2], a.shape[a.rank - 1], b.shape[b.rank - 1])
  let x = a.broadcast(to: Shape(batch.dimensions + [m, k])).withMatrixRuns()
  let y = b.broadcast(to: Shape(batch.dimensions + [k, n])).withMatrixRuns()
  let count = batch.elementCount
  let result = Tensor<Scalar>(
    storage: TensorStorage(count: count * m * n), shape: Shape(batch.dimensions + [m, n]))
  Threads.prepareBLAS()
  withExtendedLifetime((x.storage, y.storage, result.storage)) {
    let xs = x.strides
    let ys = y.strides
    func product(_ index: Int) {
      var rest = index
      var i = 0
      var j = 0
      for axis in stride(from: batch.rank - 1, through: 0, by: -1) {
        let (quotient, position) = rest.quotientAndRemainder(dividingBy: batch[axis])
        i += position * xs[axis]
        j += position * ys[axis]
        rest = quotient
      }
      let (p, q) = (x.matrixLayout!, y.matrixLayout!)
      gemm(
        p.transposed, q.transposed, m, n, k, 1, x.base + i, p.leading, y.base + j, q.leading, 0,
        result.base + index * m * n, n)
    }
    if count >= Threads.count, m * n * k < 1 << 24 {
      parallelFor(count, grain: max(1, (1 << 18) / max(1, m * n * k))) { range in
        for index in range { product(index) }
      }
    } else {
      for index in 0..<count { product(index) }
    }
  }
  return result
}

extension Tensor where Scalar: RealScalar {
  /// How BLAS sees the last two axes: whether transposed, and the leading dimension.
  var matrixLayout: (transposed: Bool, leading: Int)? {
    let (rows, cols) = (shape[rank - 2], shape[rank - 1])
    if viewStrides.isEmpty { return (false, Swift.max(1, cols)) }
    let (down, right) = (viewStrides[rank - 2], viewStrides[rank - 1])
    if right == 1 || cols <= 1 {
      if rows <= 1 { return (false, Swift.max(1, cols)) }
      if down >= Swift.max(1, cols) { return (false, down) }
    }
    if down == 1 || rows <= 1 {
      if cols <= 1 { return (true, Swift.max(1, rows)) }
      if right >= Swift.max(1, rows) { return (true, right) }
    }
    return nil
  }

  func withMatrixRuns() -> Tensor { matrixLayout == nil ? copied() : self }

  /// `self = keeping * self + scale * a b` for matrices `[m, k]`, `[k, n]`, in place when `self` owns
  /// its storage; views of `a` and `b` cost nothing. With `keeping` 0 the old elements are not read.
  /// Traps when the shapes do not fit.
  public mutating func addProduct(
    _ a: Tensor, _ b: Tensor, scale: Scalar = 1, keeping: Scalar = 1
  ) {
    precondition(
      a.rank == 2 && b.rank == 2 && a.shape[1] == b.shape[0]
        && shape == [a.shape[0], b.shape[1]],
      "addProduct: \(a.shape) times \(b.shape) does not fit into \(shape)")
    let x = a.withMatrixRuns()
    let y = b.withMatrixRuns()
    let (m, n, k) = (shape[0], shape[1], a.shape[1])
    withMutablePointer { c in
      withExtendedLifetime((x.storage, y.storage)) {
        let (p, q) = (x.matrixLayout!, y.matrixLayout!)
        gemm(
          p.transposed, q.transposed, m, n, k, scale, x.base, p.leading, y.base, q.leading,
          keeping, c, n)
      }
    }
  }
}

/// Row-major `c = alpha op(a) op(b) + beta c`, split over our threads along the longer side of c,
/// each part one single-threaded BLAS call.
package func gemm<Scalar: RealScalar>(
  _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Scalar,
  _ a: UnsafePointer<Scalar>, _ lda: Int, _ b: UnsafePointer<Scalar>, _ ldb: Int, _ beta: Scalar,
  _ c: UnsafeMutablePointer<Scalar>, _ ldc: Int
) {
  guard m > 0, n > 0 else { return }
  precondition(
    max(m, n, k, lda, ldb, ldc) <= Int(Int32.max), "matmul: a side is beyond 2^31 - 1")
  Threads.prepareBLAS()
  let work = m * n * max(1, k)
  if work < 1 << 19 || loqt_in_parallel_region() || Threads.count == 1 {
    product(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
    return
  }
  // Parts are multiples of 16 so that no vector is cut, and worth a wake-up each.
  let unit = 16
  let side = max(m, n)
  let grain = max(1, (1 << 18) / (work / side * unit) + 1)
  parallelFor((side + unit - 1) / unit, grain: grain) { range in
    let start = range.lowerBound * unit
    let size = min(side, range.upperBound * unit) - start
    if n >= m {
      product(
        transposeA, transposeB, m, size, k, alpha, a, lda, b + start * (transposeB ? ldb : 1), ldb,
        beta, c + start, ldc)
    } else {
      product(
        transposeA, transposeB, size, n, k, alpha, a + start * (transposeA ? 1 : lda), lda, b, ldb,
        beta, c + start * ldc, ldc)
    }
  }
}

/// One call of BLAS for `gemm`. A product with a single row or column is one of a matrix and a vector:
/// BLAS's product of matrices would first copy the matrix into an order of its own.
private func product<Scalar: RealScalar>(
  _ transposeA: Bool, _ transposeB: Bool, _ m: Int, _ n: Int, _ k: Int, _ alpha: Scalar,
  _ a: UnsafePointer<Scalar>, _ lda: Int, _ b: UnsafePointer<Scalar>, _ ldb: Int, _ beta: Scalar,
  _ c: UnsafeMutablePointer<Scalar>, _ ldc: Int
) {
  if m == 1, k > 0 {
    gemv(
      !transposeB, transposeB ? n : k, transposeB ? k : n, alpha, b, ldb, a, transposeA ? lda : 1,
      beta, c, 1)
  } else if n == 1, k > 0 {
    gemv(
      transposeA, transposeA ? k : m, transposeA ? m : k, alpha, a, lda, b, transposeB ? 1 : ldb,
      beta, c, ldc)
  } else {
    Scalar._gemm(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
  }
}

/// `y = alpha * b x + beta * y`, or with b transposed, for b `[rows, columns]` whose rows lie `stride`
/// apart; on the calling thread. Elements of x and y lie `xStride` and `yStride` apart. With `beta` 0 it
/// does not read y.
package func gemv<Scalar: RealScalar>(
  _ transposed: Bool, _ rows: Int, _ columns: Int, _ alpha: Scalar, _ b: UnsafePointer<Scalar>,
  _ stride: Int, _ x: UnsafePointer<Scalar>, _ xStride: Int, _ beta: Scalar,
  _ y: UnsafeMutablePointer<Scalar>, _ yStride: Int
) {
  guard rows > 0, columns > 0 else { return }
  Threads.prepareBLAS()
  Scalar._gemv(transposed, rows, columns, alpha, b, stride, x, xStride, beta, y, yStride)
}
