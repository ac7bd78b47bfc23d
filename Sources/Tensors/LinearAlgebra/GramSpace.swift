/// How the Gram matrix G = A Aᵀ of an operator's rows is multiplied: with plain vectors, or with
/// coordinates in terms of a few spanning vectors, whose inner products need a metric.
struct GramSpace<Scalar: RealScalar> {
  /// Coordinates of a random sample of so many vectors of the range, and the power of two by which
  /// A is multiplied from then on to keep its squares in range. With `narrowed` the sample may be
  /// closer to the leading vectors, but is worse conditioned.
  let sample: (Int, _ narrowed: Bool, inout RandomSource) -> (Tensor<Scalar>, scale: Scalar)
  /// The matrix of the spanning vectors' inner products times coordinates; nil for plain vectors.
  let metric: ((Tensor<Scalar>) -> Tensor<Scalar>)?
  /// From vectors times the metric and a scale for A: Aᵀ times the vectors, nil if it is not
  /// formed; a function for the coordinates of G times the vectors; and one for Aᵀ times the
  /// vectors times the transpose of a small matrix, stored column by column.
  let multiply:
    (Tensor<Scalar>, Scalar) -> (
      images: Tensor<Scalar>?, product: () -> Tensor<Scalar>,
      across: (Tensor<Scalar>) -> Tensor<Scalar>
    )
  /// The vectors that have the given coordinates.
  let lift: (Tensor<Scalar>) -> Tensor<Scalar>

  /// Plain vectors: two products with the operator per step.
  init<A: LinearOperator>(_ a: A) where A.Scalar == Scalar {
    sample = { count, narrowed, source in
      // With few vectors, a wider sample that is narrowed by its own products costs less than more
      // vectors.
      let widens = narrowed && count < 320 && 2 * count <= a.columns
      var y = a.sample(widens ? 2 * count : count, of: .left, using: &source)
      let scale = powerOfTwo(near: largestMagnitude(y))
      if scale != 1 { y *= scale }
      if widens { y = matmul(y, y.transposed().sketchingColumns(to: count, using: &source)) }
      return (y, scale)
    }
    metric = nil
    multiply = { q, scale in
      let z = scale == 1 ? a.applyTransposed(q) : a.applyTransposed(q) * scale
      return (
        z, { scale == 1 ? a.apply(z) : a.apply(z) * scale },
        { matmul($0, z.transposed()).transposed() }
      )
    }
    lift = { $0 }
  }

  /// Coordinates in terms of the rows of `near` `[t, n]`, for the product nearᵀ far: the Gram
  /// matrices of both factors, `[t, t]`, are all that is needed, and no step touches a long side.
  init(near: Tensor<Scalar>, far: Tensor<Scalar>) {
    let (inner, nearScale) = Self.scaledGram(near)
    let (core, farScale) = Self.scaledGram(far)
    sample = { count, _, source in
      (far.sketchingColumns(to: count, using: &source) * farScale, nearScale * farScale)
    }
    metric = { matmul(inner, $0) }
    multiply = { v, _ in
      (
        nil, { matmul(core, v) },
        { matmul(matmul($0 * farScale, v.transposed()), far).transposed() }
      )
    }
    lift = { matmul(near.transposed(), $0 * nearScale) }
  }

  /// The inner products of a matrix's columns times `scale`, the power of two that keeps them and
  /// their products in range.
  static func scaledGram(_ a: Tensor<Scalar>) -> (gram: Tensor<Scalar>, scale: Scalar) {
    func product(_ rows: Tensor<Scalar>) -> Tensor<Scalar> {
      Tensor.lowerProduct(rows, rows).mirrored()
    }
    let gram = product(a.transposed())
    let largest = largestMagnitude(gram)
    if (1e-24...1e24).contains(Double(largest)) {
      let scale = powerOfTwo(near: largest.squareRoot())
      return (scale == 1 ? gram : gram * (scale * scale), scale)
    }
    // Squares that overflow or underflow say nothing: scale the matrix first.
    let scale = powerOfTwo(near: largestMagnitude(a))
    return (scale == 1 ? gram : product((a * scale).transposed()), scale)
  }

  /// The leading `rank` vectors, found by `steps` multiplications of a sample of `count` vectors
  /// that are made orthonormal before each. Nil if that is not accurate in this precision: if the
  /// values span too much, the operator's rank is lower, or it is zero, not finite or badly scaled.
  ///
  /// Also nil if the vectors before the last step leave out more of the sum of the squared singular
  /// values than they would if these decayed fast, which `decay` tells.
  ///
  /// With U the orthonormal vectors, G is approximated from both U and G U, as A restricted to the
  /// range of AᵀU (Nyström's approximation), with no product beyond the last step's.
  func leading(
    _ rank: Int, of count: Int, steps: Int, _ wanted: WantedVectors,
    knowing decay: DecayTest<Scalar>? = nil, _ source: inout RandomSource
  ) throws(LinearAlgebraError) -> LeadingVectors<Scalar>? {
    var (y, scale) = sample(count, true, &source)
    let largest = largestMagnitude(y)
    guard largest.isFinite, largest > 0 else { return nil }
    for step in 1...steps {
      var sampled = metric?(y) ?? y
      var orthonormal = GramFactor(.lowerProduct(y, sampled))
      if step == 1, orthonormal == nil {
        // The products that narrow a sample square the spread of its values.
        (y, scale) = sample(count, false, &source)
        sampled = metric?(y) ?? y
        orthonormal = GramFactor(.lowerProduct(y, sampled))
      }
      guard let factor = orthonormal else { return nil }
      y = .empty
      let v = factor.solvedFromRight(consume sampled)
      let (images, multiplied, across) = multiply(v, scale)
      if step == steps, let decay, let images, decay.isSlow(images, scale) { return nil }
      let product = multiplied()
      guard let inner = GramFactor(.lowerProduct(v, product)) else { return nil }
      let w = inner.solvedFromRight(consume product)
      let isSubspaceEnough = wanted == .basis && count == rank
      if step < steps || isSubspaceEnough {
        // G U (UᵀG U)⁻¹ is U plus something orthogonal to it: as well conditioned as can be.
        y = inner.solvedFromRight(consume w, transposed: true)
        if step < steps { continue }
        let basis = lift(y)
        guard GramFactor.isSharp(inner.spread, rows: basis.shape[0]) else { return nil }
        return LeadingVectors(
          vectors: try basis.orthonormalizingColumns(), values: .empty, others: nil,
          effectiveRank: rank)
      }
      let eigen = try SymmetricEigen(lower: .lowerProduct(w, metric?(w) ?? w))
      let order = Tensor((Int32(count - rank)..<Int32(count)).reversed())
      let squares = eigen.values.reshaped(to: [count, 1]).gatheringRows(at: order)
      let spread = squares[rank - 1, 0] / squares[0, 0]
      let values = sqrt(squares)
      let rows = eigen.vectors.transposed().gatheringRows(at: order)
      let scaled = rows / values
      let found = lift(matmul(w, scaled.transposed()))
      guard GramFactor.isSharp(spread, rows: found.shape[0]) else { return nil }
      let vectors = try found.orthonormalizingColumns()
      // The vectors of the other side are orthonormal up to this; coordinates add the rounding of
      // their metric.
      let error = metric == nil ? Scalar.ulpOfOne / min(spread, inner.spread) : .infinity
      let others =
        wanted == .both
        ? try across(
          inner.solvedFromLeft(rows.transposed().copied(), transposed: true).transposed()
        )
        .orthonormalizingColumns(off: error)
        : nil
      return LeadingVectors(
        vectors: vectors, values: values.reshaped(to: [rank]) / scale, others: others,
        effectiveRank: rank)
    }
    return nil
  }
}

/// Tells whether singular values decay slowly, by how much of their energy some vectors capture.
struct DecayTest<Scalar: RealScalar> {
  /// The root of the sum of all squared singular values.
  let norm: Double
  /// The number of singular values.
  let count: Int

  /// A test for an operator whose elements are at hand; nil for any other.
  init?<A: LinearOperator>(_ a: A) where A.Scalar == Scalar {
    guard a.denseCost == 0 else { return nil }
    norm = a.dense().norm()
    count = min(a.rows, a.columns)
  }

  /// Judges by the images of orthonormal vectors under `scale` times the transposed operator: slow
  /// if a dimension they leave out holds, on average, more than a sixteenth of what one of theirs
  /// does. A power law i^-0.7 stays below that for any number of vectors; i^-0.5 exceeds it once
  /// they are a tenth of all.
  func isSlow(_ images: Tensor<Scalar>, _ scale: Scalar) -> Bool {
    let vectors = images.shape[1]
    let share = images.norm() / Double(scale) / norm
    let left = (1 - share * share) / Double(Swift.max(1, count - vectors))
    return left * 16 > share * share / Double(vectors)
  }
}

private func largestMagnitude<Scalar: RealScalar>(_ y: Tensor<Scalar>) -> Scalar {
  max(y.maximum(), -y.minimum())
}
