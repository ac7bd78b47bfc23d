/// Which of the leading singular vectors are wanted: a basis of one side's space, that side's
/// vectors in order, or both sides'.
enum WantedVectors: Hashable { case basis, vectors, both }

/// Singular vectors of one side as columns, with their values and perhaps the other side's vectors.
struct LeadingVectors<Scalar: RealScalar> {
  /// `[length of the side, rank]`, of either sign.
  var vectors: Tensor<Scalar>
  /// Descending, `[rank]`; 0 past the effective rank, and empty if only a basis was asked for.
  var values: Tensor<Scalar>
  /// `[length of the other side, rank]`; nil if not asked for.
  var others: Tensor<Scalar>?
  /// How many of them the operator determines.
  var effectiveRank: Int
  /// False if they come from squares that hid what an operator of this rank has beside them, or
  /// part of the smallest of them.
  var isAccurate = true

  /// The vectors, with the component of largest magnitude of each made positive; in place, as
  /// nothing else holds them.
  mutating func takeVectors() -> Tensor<Scalar> {
    var taken = vectors
    vectors = .empty
    if let signs = taken.signsOfLargestInColumns() { taken *= signs }
    return taken.contiguous()
  }
}

/// The leading vectors of one side, found on the shorter side where that is cheaper.
func leadingVectors<A: LinearOperator>(
  of a: A, _ rank: Int, _ side: SingularSide, _ method: TruncationMethod,
  _ wanted: WantedVectors, _ source: inout RandomSource
) throws(LinearAlgebraError) -> LeadingVectors<A.Scalar> {
  guard side == .left else {
    return try leadingVectors(
      of: TransposedOperator(base: a), rank, .left, method, wanted, &source)
  }
  if wanted == .basis, method == .automatic, let tokens = a.factors?.left.shape[0], tokens <= rank,
    let found = try wholeRange(of: a, rank, &source)
  {
    return found
  }
  let route = method.route(for: a, rank: rank, wanted)
  var isDirect = a.rows <= a.columns
  if case .factors = route { isDirect = true }
  if isDirect { return try leadingLeft(of: a, rank, method, route, wanted, &source) }
  let other = TransposedOperator(base: a)
  let found = try leadingLeft(
    of: other, rank, method, method.route(for: other, rank: rank, .both), .both, &source)
  return LeadingVectors(
    vectors: try completed(found.others!, from: found.effectiveRank, &source),
    values: found.values, others: found.vectors, effectiveRank: found.effectiveRank)
}

/// A basis of the whole range of a product known by its factors, completed at random; nil if the
/// range has more dimensions than asked for, or none.
private func wholeRange<A: LinearOperator>(
  of a: A, _ rank: Int, _ source: inout RandomSource
) throws(LinearAlgebraError) -> LeadingVectors<A.Scalar>? {
  guard let factors = a.factors,
    let range = try rangeOfProduct(near: factors.left, far: factors.right),
    (1...max(1, rank)).contains(range.shape[1])
  else { return nil }
  return LeadingVectors(
    vectors: try completed(range, to: rank, &source), values: .empty, others: nil,
    effectiveRank: range.shape[1])
}

/// The leading left vectors by one route.
private func leadingLeft<A: LinearOperator>(
  of a: A, _ rank: Int, _ method: TruncationMethod, _ chosen: TruncationRoute,
  _ wanted: WantedVectors, _ source: inout RandomSource
) throws(LinearAlgebraError) -> LeadingVectors<A.Scalar> {
  typealias Scalar = A.Scalar
  guard rank > 0 else {
    return LeadingVectors(
      vectors: .zeros([a.rows, 0]), values: .empty, others: .zeros([a.columns, 0]),
      effectiveRank: 0)
  }
  var route = chosen
  switch chosen {
  case .formed(let count, let steps):
    return try leadingLeft(
      of: DenseOperator(a.dense()), rank, method, .products(count: count, steps: steps), wanted,
      &source)
  case .products(let count, let steps) where steps > 0:
    let slow = method.routeForSlowDecay(for: a, rank: rank, wanted)
    if let found = try GramSpace(a).leading(
      rank, of: count, steps: steps, wanted, knowing: slow == nil ? nil : DecayTest(a), &source)
    {
      return found
    }
    route = slow ?? chosen
  case .factors(let count, let steps):
    let space = GramSpace(near: a.factors!.left, far: a.factors!.right)
    if let found = try space.leading(rank, of: count, steps: steps, wanted, &source) {
      return found
    }
    if wanted == .basis, a.factors!.left.shape[0] <= 2 * rank,
      let found = try wholeRange(of: a, rank, &source)
    {
      return found
    }
  default: break
  }
  let scale = try unitScale(of: a, &source)
  var found: LeadingVectors<Scalar>
  switch route {
  case .exact:
    let svd = try SVD(of: a.dense())
    found = LeadingVectors(
      vectors: svd.u.sliced(0..<rank, alongAxis: 1), values: svd.singularValues.sliced(0..<rank),
      others: svd.vt.sliced(0..<rank).transposed(),
      effectiveRank: rankBesideRounding(svd.singularValues, rows: a.rows))
  case .gram:
    found = try leadingEigenvectors(of: a.gram(.left, scale: scale), rank)
    // If all vectors are wanted, none is lost.
    if method == .automatic, found.effectiveRank < rank || !found.isAccurate && rank < a.rows {
      found = try leadingEigenvectors(ofImages: a.dense().transposed() * scale, rank)
    }
    found.values = found.values / scale
  case .lanczos(let count, let width):
    let lanczos = try LanczosBasis(of: a, count: count, width: width, scale: scale, &source)
    found = try leadingVectors(in: lanczos.basis, lanczos.images, rank, wanted)
    found.values = found.values / scale
  case .products(let count, let steps), .factors(let count, let steps),
    .formed(let count, let steps):
    found =
      a.denseCost + 2 * (steps + 1) * a.rows * a.columns * count
        < 2 * (steps + 1) * a.productCost * count
      ? try leadingByBases(
        of: DenseOperator(a.dense()), rank, of: count, steps, wanted, scale, &source)
      : try leadingByBases(of: a, rank, of: count, steps, wanted, scale, &source)
  }
  if wanted == .both, found.others == nil {
    // Given a basis, decomposing the operator restricted to it has LAPACK's accuracy.
    found.vectors = try completed(found.vectors, from: found.effectiveRank, &source)
    let restricted = try SVD(of: a.applyTransposed(found.vectors).transposed())
    found = LeadingVectors(
      vectors: matmul(found.vectors, restricted.u), values: restricted.singularValues,
      others: restricted.vt.transposed(),
      effectiveRank: rankBesideRounding(restricted.singularValues, rows: a.rows))
  }
  let kept = min(found.effectiveRank, rank, a.rankBound)
  found.effectiveRank = kept
  if wanted != .both { found.vectors = try completed(found.vectors, from: kept, &source) }
  if kept < rank, found.values.elementCount > 0 {
    found.values = .concatenated([found.values.sliced(0..<kept), .zeros([rank - kept])])
  }
  return found
}

/// The leading left vectors by multiplications of a basis that is made orthonormal again after
/// each, which allows values that span more than Gram matrices can hold. There are no
/// multiplications if the first sample spans everything.
private func leadingByBases<A: LinearOperator>(
  of a: A, _ rank: Int, of count: Int, _ steps: Int, _ wanted: WantedVectors, _ scale: A.Scalar,
  _ source: inout RandomSource
) throws(LinearAlgebraError) -> LeadingVectors<A.Scalar> {
  var basis = try orthonormalBasis(of: a.sample(count, of: .left, using: &source), &source)
  for step in 0..<(count >= a.rankBound ? 0 : steps) {
    let images = a.applyTransposed(basis) * scale
    if wanted == .basis, step == steps - 1 {
      // The leading ones are chosen before the last product.
      let leading = try leadingEigenvectors(ofImages: images, rank)
      let kept = leading.effectiveRank
      let chosen = matmul(images, leading.vectors.sliced(0..<kept, alongAxis: 1))
      return LeadingVectors(
        vectors: try completed(
          orthonormalBasis(of: a.apply(chosen) * scale, &source), to: rank, &source),
        values: .empty, others: nil, effectiveRank: kept)
    }
    basis = try orthonormalBasis(of: a.apply(images) * scale, &source)
  }
  var found = try leadingVectors(in: basis, a.applyTransposed(basis) * scale, rank, wanted)
  found.values = found.values / scale
  return found
}

/// The leading vectors of a matrix within the space of an orthonormal basis, from `images`, the
/// transposed matrix times the basis.
private func leadingVectors<Scalar: RealScalar>(
  in basis: Tensor<Scalar>, _ images: Tensor<Scalar>, _ rank: Int, _ wanted: WantedVectors
) throws(LinearAlgebraError) -> LeadingVectors<Scalar> {
  var found = try leadingEigenvectors(ofImages: images, rank)
  let smallest = found.values[rank - 1] / found.values[0]
  if wanted == .both, !GramFactor.isSharp(smallest * smallest, rows: images.shape[0]) {
    let svd = try SVD(of: images.transposed())
    return LeadingVectors(
      vectors: matmul(basis, svd.u.sliced(0..<rank, alongAxis: 1)),
      values: svd.singularValues.sliced(0..<rank),
      others: svd.vt.sliced(0..<rank).transposed(),
      effectiveRank: min(rank, rankBesideRounding(svd.singularValues, rows: basis.shape[0])))
  }
  if wanted == .both {
    found.others = try matmul(images, found.vectors / found.values).orthonormalizingColumns()
  }
  found.vectors = matmul(basis, found.vectors)
  return found
}

/// The leading eigenvectors of the Gram matrix of the columns of `images`. Where squares hide too
/// much, they come from its Gram matrix in double precision instead; of images in double precision,
/// from the decomposition of the images themselves.
private func leadingEigenvectors<Scalar: RealScalar>(ofImages images: Tensor<Scalar>, _ count: Int)
  throws(LinearAlgebraError) -> LeadingVectors<Scalar>
{
  let found = try leadingEigenvectors(of: .lowerProduct(images, images), count)
  if found.isAccurate { return found }
  if Scalar.self == Double.self {
    let svd = try SVD(of: images.transposed())
    let values = svd.singularValues.sliced(0..<count)
    return LeadingVectors(
      vectors: svd.u.sliced(0..<count, alongAxis: 1), values: values, others: nil,
      effectiveRank: rankBesideRounding(values, rows: images.shape[0]))
  }
  let wide = images.converted(to: Double.self)
  let exact = try leadingEigenvectors(of: .lowerProduct(wide, wide), count)
  let values = exact.values.converted(to: Scalar.self)
  return LeadingVectors(
    vectors: exact.vectors.contiguous().converted(to: Scalar.self), values: values, others: nil,
    effectiveRank: rankBesideRounding(values))
}

/// How many of some descending singular values exceed rounding: that of the matrix, and of the
/// decomposition of one with `rows` rows.
private func rankBesideRounding<Scalar: RealScalar>(_ values: Tensor<Scalar>, rows: Int = 0) -> Int
{
  let scalars = values.scalars
  let units = max(16, 4 * Scalar(rows).squareRoot())
  let noise = units * Scalar.ulpOfOne * (scalars.first ?? 0)
  return scalars.count { $0 > noise }
}

/// The leading eigenvectors of a Gram matrix given by its lower triangle, the square roots of their
/// eigenvalues, and how many of these exceed the rounding of the Gram matrix.
private func leadingEigenvectors<Scalar: RealScalar>(of gram: Tensor<Scalar>, _ count: Int)
  throws(LinearAlgebraError) -> LeadingVectors<Scalar>
{
  let n = gram.shape[0]
  guard gram.trace().scalar.isFinite else {
    throw LinearAlgebraError(
      routine: "singular vectors", message: "a Gram matrix \(gram.shape) overflows")
  }
  let eigen = try SymmetricEigen(lower: gram.copied())
  let order = Tensor((Int32(n - count)..<Int32(n)).reversed())
  let all = eigen.values.scalars.reversed().map { max(0, $0) }
  let squares = all.prefix(count)
  let noise = 16 * Scalar.ulpOfOne * (squares.first ?? 0)
  let effectiveRank = squares.count { $0 > noise }
  // Rounding of the largest square rotates the vector of the smallest, whose value is then wrong by
  // a share that grows as it shrinks: by more than the rounding of the operator, if the operator
  // has nothing else.
  let isWhole = count == n || all[count] <= noise
  let isGraded = squares.last.map { 64 * $0 < squares[0] } ?? false
  return LeadingVectors(
    vectors: eigen.vectors.transposed().gatheringRows(at: order).transposed(),
    values: Tensor(squares.map { $0.squareRoot() }), others: nil, effectiveRank: effectiveRank,
    isAccurate: effectiveRank == count && !(isWhole && isGraded))
}

/// A power of two that brings the operator near norm 1 if its squares might overflow or underflow,
/// 1 otherwise; found from its product with one random vector.
private func unitScale<A: LinearOperator>(of a: A, _ source: inout RandomSource)
  throws(LinearAlgebraError) -> A.Scalar
{
  let probe = a.apply(.normal([a.columns, 1], using: &source))
  let largest = probe.elementCount == 0 ? 0 : Double(abs(probe).maximum())
  guard largest.isFinite else {
    throw LinearAlgebraError(
      routine: "singular vectors",
      message: "operator \(givenShape(of: a)) has NaN or infinite products")
  }
  guard largest > 0 else {
    throw LinearAlgebraError(
      routine: "singular vectors", message: "operator \(givenShape(of: a)) is zero")
  }
  return powerOfTwo(near: A.Scalar(largest))
}

/// A power of two that brings numbers up to `largest` near 1; 1 if their squares stay in range
/// anyway, and if `largest` is zero or not finite.
func powerOfTwo<Scalar: RealScalar>(near largest: Scalar) -> Scalar {
  if largest == 0 || !largest.isFinite || (1e-6...1e6).contains(Double(largest)) { return 1 }
  let limit = Int(Scalar.greatestFiniteMagnitude.exponent) - 7
  let exponent = max(-limit, min(limit, -Int(largest.exponent)))
  return Scalar(sign: .plus, exponent: Scalar.Exponent(exponent), significand: 1)
}

/// The first `start` columns, with random ones in place of the others, all orthonormal.
private func completed<Scalar: RealScalar>(
  _ columns: Tensor<Scalar>, from start: Int, _ source: inout RandomSource
) throws(LinearAlgebraError) -> Tensor<Scalar> {
  let count = columns.shape[1]
  guard start < count else { return columns }
  return try completed(columns.sliced(0..<start, alongAxis: 1), to: count, &source)
}

/// Orthonormal columns, completed to `count` by random ones that are orthonormal, too.
func completed<Scalar: RealScalar>(
  _ kept: Tensor<Scalar>, to count: Int, _ source: inout RandomSource
) throws(LinearAlgebraError) -> Tensor<Scalar> {
  let (length, start) = (kept.shape[0], kept.shape[1])
  guard start < count else { return kept }
  let random = Tensor<Scalar>.normal([length, count - start], using: &source)
  let columns = try random.orthonormalizingColumns(beside: kept)
  return try completed(.concatenated([kept, columns], alongAxis: 1), to: count, &source)
}
