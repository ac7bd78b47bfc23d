/// A lower triangle `l` with `l lᵀ` equal to a Gram matrix, and how far its diagonal spreads.
package struct GramFactor<Scalar: RealScalar> {
  /// `[k, k]`; what lies above the diagonal is undefined.
  let l: Tensor<Scalar>
  /// The square of the smallest diagonal element over the largest: an estimate, from above, of the
  /// inverse condition number of the Gram matrix.
  let spread: Scalar

  /// Below this spread rounding takes more than a few percent of the smallest direction.
  static var leastSpread: Scalar { 64 * Scalar.ulpOfOne }

  /// Factors a Gram matrix of which the lower triangle is given; nil when it is not positive
  /// definite, not finite, or so ill-conditioned that the smallest directions are rounding errors.
  package init?(_ gram: consuming Tensor<Scalar>) {
    let n = gram.shape[0]
    guard n > 0 else { return nil }
    let info = gram.withMutablePointer { gram in
      Threads.withBLASThreads(n * n / 16) { Scalar._potrf(n, gram, n) }
    }
    guard info == 0 else { return nil }
    let diagonal = Tensor(
      storage: gram.storage, shape: [n], strides: [n + 1], offset: gram.offset)
    let ratio = diagonal.minimum() / diagonal.maximum()
    l = gram
    spread = ratio * ratio
    // False of NaN, too.
    guard spread > Self.leastSpread else { return nil }
  }

  /// `y l⁻ᵀ`: columns whose Gram matrix was factored become orthonormal; `y l⁻¹` with `transposed`.
  package func solvedFromRight(_ y: consuming Tensor<Scalar>, transposed: Bool = false)
    -> Tensor<Scalar>
  {
    let (m, n) = (y.shape[0], y.shape[1])
    l.withPointer { l in
      y.withMutablePointer { y in
        Threads.prepareBLAS()
        parallelFor(m, grain: Swift.max(16, (1 << 19) / (1 + n * n))) { rows in
          Scalar._trsm(
            false, false, !transposed, rows.count, n, l, n, y + rows.lowerBound * n, n)
        }
      }
    }
    return y
  }

  /// `l⁻¹ x`: rows whose Gram matrix was factored become orthonormal; `l⁻ᵀ x` with `transposed`.
  package func solvedFromLeft(_ x: consuming Tensor<Scalar>, transposed: Bool) -> Tensor<Scalar> {
    let (n, columns) = (x.shape[0], x.shape[1])
    l.withPointer { l in
      x.withMutablePointer { x in
        Threads.prepareBLAS()
        parallelFor(columns, grain: Swift.max(16, (1 << 19) / (1 + n * n))) { range in
          Scalar._trsm(
            true, false, transposed, n, range.count, l, n, x + range.lowerBound, columns)
        }
      }
    }
    return x
  }
}

extension Tensor where Scalar: RealScalar {
  /// Orthonormal columns that span the same as those of this `[m, n]` matrix, the leading ones the
  /// same as its leading ones: by the Cholesky factor of the Gram matrix, and once more when one
  /// pass would leave more than rounding; by Householder reflections where that fails. Nothing is
  /// done when the columns are known to be orthonormal up to an error that LAPACK's measure allows,
  /// norm(I - yᵀy) / (m ulp) < 4 where its threshold is 30.
  func orthonormalizingColumns(off error: Scalar = .infinity) throws(LinearAlgebraError) -> Tensor {
    if shape[1] == 0 || error < 4 * Scalar(shape[0]) * Scalar.ulpOfOne { return self }
    var y = self
    for _ in 0..<3 {
      guard let factor = GramFactor(.lowerProduct(y, y)) else { break }
      y = factor.solvedFromRight(y)
      // The error of a pass is about ulp / spread; this leaves a small multiple of ulp.
      if factor.spread > 0.1 { return y }
    }
    return try QR(of: self).q
  }

  /// Orthonormal columns that span what those of this `[m, n]` matrix have beside the orthonormal ones
  /// of `basis`, and are orthogonal to these.
  func orthonormalizingColumns(against basis: Tensor) throws(LinearAlgebraError) -> Tensor {
    var rest = self
    // Once more, because the first projection leaves rounding errors that the lengths magnify.
    for _ in 0..<2 {
      rest.addProduct(basis, matmul(basis.transposed(), rest), scale: -1)
      rest = try rest.orthonormalizingColumns()
    }
    return rest
  }

  /// The signs, 1 or -1, that make the component of largest magnitude (the first of equals) of each
  /// column positive: `[n]`; nil when all are.
  func signsOfLargestInColumns() -> Tensor? {
    let (m, n) = (shape[0], shape[1])
    guard m > 0, n > 0 else { return nil }
    let dense = contiguous()
    var (high, low) = (dense.sliced(0..<1).copied(), dense.sliced(0..<1).copied())
    dense.withPointer { x in
      high.withMutablePointer { high in
        low.withMutablePointer { low in
          for row in 1..<Swift.max(1, m) {
            let x = x + row * n
            Scalar._binary(BinaryKernel.maximum.rawValue, high, 1, x, 1, high, n)
            Scalar._binary(BinaryKernel.minimum.rawValue, low, 1, x, 1, low, n)
          }
        }
      }
    }
    let (top, bottom) = (
      high.converted(to: Double.self).scalars, low.converted(to: Double.self).scalars
    )
    let signs: [Float] = (0..<n).map { column in
      if top[column] == -bottom[column], top[column] != 0 {
        let first = (0..<m).first { Double(abs(dense[$0, column])) == top[column] }!
        return dense[first, column] < 0 ? -1 : 1
      }
      return top[column] < -bottom[column] ? -1 : 1
    }
    return signs.contains(-1) ? Tensor<Float>(signs).converted(to: Scalar.self) : nil
  }
}
