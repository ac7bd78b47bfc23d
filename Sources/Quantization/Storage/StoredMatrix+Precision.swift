package import Tensors

extension Tensor where Scalar: RealScalar {
  /// `self = keeping * self + scale * x w`, for either precision: `self` `[rows, in]`, x `[rows, out]`,
  /// w `[out, in]`. In double precision, which only gradient checks use, w is widened whole and
  /// multiplied in that precision.
  package mutating func addProduct(
    _ x: Tensor, stored w: StoredMatrix, scale: Scalar = 1, keeping: Scalar = 1,
    arithmetic: Arithmetic = .float
  ) {
    let done = withFloats(x) { target, x in
      target.addProduct(
        x, w, scale: Float(scale), keeping: Float(keeping), arithmetic: arithmetic)
    }
    if !done {
      addProduct(x, w.dequantized().converted(to: Scalar.self), scale: scale, keeping: keeping)
    }
  }

  /// `self = keeping * self + scale * x wᵀ`, for either precision: `self` `[rows, out]`, x
  /// `[rows, in]`, w `[out, in]`.
  package mutating func addProductTransposed(
    _ x: Tensor, stored w: StoredMatrix, scale: Scalar = 1, keeping: Scalar = 1,
    arithmetic: Arithmetic = .float
  ) {
    let done = withFloats(x) { target, x in
      target.addProductTransposed(
        x, w, scale: Float(scale), keeping: Float(keeping), arithmetic: arithmetic)
    }
    if !done {
      addProduct(
        x, w.dequantized().converted(to: Scalar.self).transposed(), scale: scale, keeping: keeping)
    }
  }

  /// Calls `body` with this tensor in place if it is a Float tensor; returns false if it is not.
  private mutating func withFloats(
    _ x: Tensor, _ body: (inout Tensor<Float>, Tensor<Float>) -> Void
  ) -> Bool {
    guard let x = x as? Tensor<Float> else { return false }
    withUnsafeMutablePointer(to: &self) { pointer in
      pointer.withMemoryRebound(to: Tensor<Float>.self, capacity: 1) { body(&$0.pointee, x) }
    }
    return true
  }
}
