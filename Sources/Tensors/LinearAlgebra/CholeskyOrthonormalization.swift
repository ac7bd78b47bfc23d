/// A lower triangle `l` with `l lᵀ` equal to a Gram matrix, and the spread of its diagonal.
package struct GramFactor<Scalar: RealScalar> {
  /// `[k, k]`; what lies above the diagonal is undefined.
  let l: Tensor<Scalar>
  /// The square of the smallest diagonal element over the largest: an estimate, from above, of the
  /// inverse condition number of the Gram matrix.
  let spread: Scalar

  /// Below this spread, rounding spoils more than a few percent of the smallest direction.
  static var leastSpread: Scalar { 64 * Scalar.ulpOfOne }

  /// Whether squares down to `share` of the largest exceed the rounding error that they inherit
  /// from it. In float, where full accuracy is rarely needed, that is enough; in double their roots
  /// must also be as accurate as the rounding of a matrix with `rows` rows.
  static func isSharp(_ share: Scalar, rows: Int) -> Bool {
    let side = Scalar(8 * rows)
    return share > leastSpread && (Scalar.self == Float.self || share * side * side > 1)
  }

  /// Factors a Gram matrix given by its lower triangle; nil if it is not positive definite, not
  /// finite, or so ill-conditioned that the smallest directions are rounding errors.
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
    // Also false for NaN.
    guard spread > Self.leastSpread else { return nil }
  }

  /// `y l⁻ᵀ`, which makes the columns orthonormal whose Gram matrix was factored; `y l⁻¹` with
  /// `transposed`.
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

  /// `l⁻¹ x`, which makes the rows orthonormal whose Gram matrix was factored; `l⁻ᵀ x` with
  /// `transposed`.
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
  /// same as its leading ones. Uses the Cholesky factor of the Gram matrix, again when one pass
  /// would leave more than rounding, and Householder reflections where that fails. Does nothing if
  /// the columns are known to be orthonormal up to an `error` that LAPACK's measure allows: norm(I
  /// - yᵀy) / (m ulp) < 4, where its threshold is 30.
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

  /// Orthonormal columns, orthogonal to the orthonormal ones of `basis`, that span what those of
  /// this `[m, n]` matrix add to it. There are fewer than n if only rounding is left of some: it
  /// may lie within the span of `basis` again, and would be magnified into a copy of what is there.
  func orthonormalizingColumns(beside basis: Tensor) throws(LinearAlgebraError) -> Tensor {
    var rest = self
    // The second pass removes what rounding left; more are needed where columns depend on each
    // other.
    for pass in 1...8 where rest.shape[1] > 0 {
      var shares: Double = 0
      if basis.shape[1] > 0 {
        let before = pass == 1 ? rest.squaredColumnLengths() : nil
        let coordinates = matmul(basis.transposed(), rest)
        shares = coordinates.norm()
        rest.addProduct(basis, coordinates, scale: -1)
        // Columns of length 1 that lose more than half of it were rounding left by the first pass.
        let limits = before?.map { $0 * Self.noise * Self.noise }
        let after = rest.squaredColumnLengths()
        // NaN is kept, for the factorisation to find.
        let kept = after.indices.filter { !(after[$0] <= limits?[$0] ?? 0.25) }
        if kept.count < after.count { rest = rest.gatheringColumns(at: kept) }
      }
      rest = try rest.orthonormalizingColumns()
      if pass > 1, shares < 0.01 { return rest }
    }
    if rest.shape[1] == 0 { return rest }
    let count = basis.shape[1]
    return try QR(of: .concatenated([basis, rest], alongAxis: 1)).q
      .sliced(count..<count + rest.shape[1], alongAxis: 1).copied()
  }

  /// The share of a column's length below which a projection leaves only rounding.
  static var noise: Double { 16 * Double(Scalar.ulpOfOne) }

  /// The squared lengths of the columns of this matrix.
  func squaredColumnLengths() -> [Double] {
    square(self).sum(squeezingAxes: [0]).converted(to: Double.self).scalars
  }

  /// The columns of this matrix at `positions`.
  func gatheringColumns(at positions: [Int]) -> Tensor {
    transposed().gatheringRows(at: Tensor<Int32>(positions.map { Int32($0) })).transposed().copied()
  }

  /// The signs, 1 or -1, that make the component of largest magnitude (the first of equals) of each
  /// column positive: `[n]`; nil if all are already.
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
