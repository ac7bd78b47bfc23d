public import Tensors

/// The product `x w`: `[..., out] x [out, in] -> [..., in]`.
///
/// For a linear layer this is the gradient for its input. A dense w is multiplied in floats. Traps when the
/// shapes do not fit.
public func matmul(
  _ x: Tensor<Float>, _ w: StoredMatrix, arithmetic: Arithmetic = .float
) -> Tensor<Float> {
  switch w {
  case .dense(let matrix): matmul(x, matrix)
  case .quantized(let matrix): matmul(x, matrix, arithmetic: arithmetic)
  }
}

/// The product `x wᵀ`: `[..., in] x [out, in] -> [..., out]`.
///
/// For a linear layer this is its output. A dense w is multiplied in floats. Traps when the
/// shapes do not fit.
public func matmulTransposed(
  _ x: Tensor<Float>, _ w: StoredMatrix, arithmetic: Arithmetic = .float
) -> Tensor<Float> {
  switch w {
  case .dense(let matrix): matmul(x, matrix.transposed())
  case .quantized(let matrix): matmulTransposed(x, matrix, arithmetic: arithmetic)
  }
}

extension Tensor<Float> {
  /// `self = keeping * self + scale * x w` for `self` `[rows, in]`, x `[rows, out]` and w `[out, in]`.
  /// With `keeping` 0 the old elements are not read; a dense w is multiplied in floats. Traps when the
  /// shapes do not fit.
  public mutating func addProduct(
    _ x: Tensor, _ w: StoredMatrix, scale: Float = 1, keeping: Float = 1,
    arithmetic: Arithmetic = .float
  ) {
    switch w {
    case .dense(let matrix): addProduct(x, matrix, scale: scale, keeping: keeping)
    case .quantized(let matrix):
      addProduct(x, matrix, scale: scale, keeping: keeping, arithmetic: arithmetic)
    }
  }

  /// `self = keeping * self + scale * x wᵀ` for `self` `[rows, out]`, x `[rows, in]` and w
  /// `[out, in]`. With `keeping` 0 the old elements are not read; a dense w is multiplied in floats.
  /// Traps when the shapes do not fit.
  public mutating func addProductTransposed(
    _ x: Tensor, _ w: StoredMatrix, scale: Float = 1, keeping: Float = 1,
    arithmetic: Arithmetic = .float
  ) {
    switch w {
    case .dense(let matrix): addProduct(x, matrix.transposed(), scale: scale, keeping: keeping)
    case .quantized(let matrix):
      addProductTransposed(x, matrix, scale: scale, keeping: keeping, arithmetic: arithmetic)
    }
  }
}
