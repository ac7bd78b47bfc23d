/// An orthonormal basis of the block Krylov space of A Aᵀ, and its image under Aᵀ.
struct LanczosBasis<Scalar: RealScalar> {
  /// Orthonormal columns, `[rows, count]`.
  let basis: Tensor<Scalar>
  /// Aᵀ times `scale` times the basis, `[columns, count]`.
  let images: Tensor<Scalar>

  /// A space of `count` dimensions, built in blocks of `width`: a sample of the range, A Aᵀ times
  /// it, and so on (Golub and Underwood 1977; Musco and Musco, Randomized block Krylov methods,
  /// 2015, algorithm 2). Every block is made orthogonal to all before it. Where it adds nothing to
  /// them, as with repeated singular values, the range is sampled again; where that adds nothing
  /// either, the basis spans the range, and its other directions are random.
  init<A: LinearOperator>(
    of a: A, count: Int, width: Int, scale: Scalar, _ source: inout RandomSource
  ) throws(LinearAlgebraError) where A.Scalar == Scalar {
    var basis = Tensor<Scalar>.zeros([a.rows, count])
    var images = Tensor<Scalar>.zeros([a.columns, count])
    var block = scaled(a.sample(min(width, count), of: .left, using: &source))
    var start = 0
    // How often this is used depends on rounding, which must not change later draws.
    var filler = source.split("directions")
    while start < count {
      let known = basis.sliced(0..<start, alongAxis: 1)
      let wanted = block.shape[1]
      block = try block.orthonormalizingColumns(beside: known)
      var found = block.shape[1]
      while found < wanted {
        let random = Tensor<Scalar>.normal([a.columns, wanted - found], using: &filler)
        let more = try scaled(a.apply(random))
          .orthonormalizingColumns(beside: .concatenated([known, block], alongAxis: 1))
        if more.shape[1] == 0 { break }
        block = .concatenated([block, more], alongAxis: 1)
        found = block.shape[1]
      }
      if found < wanted {
        let whole = try completed(
          .concatenated([known, block], alongAxis: 1), to: count, &filler)
        block = whole.sliced(start..<count, alongAxis: 1).copied()
      }
      let end = start + block.shape[1]
      basis[.all, start..<end] = block
      let image = scaled(a.applyTransposed(block))
      images[.all, start..<end] = image
      start = end
      if end == count { break }
      let next = scaled(a.apply(image))
      block = end + width <= count ? next : next.sliced(0..<count - end, alongAxis: 1).copied()
    }
    self.basis = basis
    self.images = images

    func scaled(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { scale == 1 ? x : x * scale }
  }
}
