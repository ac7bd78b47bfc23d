/// An orthonormal basis of the block Krylov space of A Aᵀ, and what Aᵀ makes of it.
struct LanczosBasis<Scalar: RealScalar> {
  /// Orthonormal columns, `[rows, count]`.
  let basis: Tensor<Scalar>
  /// Aᵀ times `scale` times the basis, `[columns, count]`.
  let images: Tensor<Scalar>

  /// A space of `count` dimensions, a block of `width` at a time: a sample of the range, A Aᵀ times
  /// it, and so on. Every block is made orthogonal to all before it, again and again until that
  /// changes nothing, so that rounding never
  /// brings back a direction already there; where the operator has nothing more to give, the
  /// remaining directions are arbitrary (Golub and Underwood 1977; Musco and Musco, Randomized block
  /// Krylov methods, 2015, algorithm 2).
  init<A: LinearOperator>(
    of a: A, count: Int, width: Int, scale: Scalar, _ source: inout RandomSource
  ) throws(LinearAlgebraError) where A.Scalar == Scalar {
    var basis = Tensor<Scalar>.zeros([a.rows, count])
    var images = Tensor<Scalar>.zeros([a.columns, count])
    var block = scaled(a.sample(min(width, count), of: .left, using: &source))
    var start = 0
    while true {
      let end = start + block.shape[1]
      // The second pass takes what rounding left; more are needed only for arbitrary directions.
      for pass in 1...4 {
        var shares: Double = 0
        if start > 0 {
          let known = basis.sliced(0..<start, alongAxis: 1)
          let coordinates = matmul(known.transposed(), block)
          shares = coordinates.norm()
          block.addProduct(known, coordinates, scale: -1)
        }
        block = try block.orthonormalizingColumns()
        if pass > 1, shares < 0.01 { break }
      }
      basis[.all, start..<end] = block
      let image = scaled(a.applyTransposed(block))
      images[.all, start..<end] = image
      if end == count { break }
      let next = scaled(a.apply(image))
      block = end + width <= count ? next : next.sliced(0..<count - end, alongAxis: 1).copied()
      start = end
    }
    self.basis = basis
    self.images = images

    func scaled(_ x: consuming Tensor<Scalar>) -> Tensor<Scalar> { scale == 1 ? x : x * scale }
  }
}
