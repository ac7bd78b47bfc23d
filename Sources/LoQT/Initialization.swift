public import Optimizers
public import Quantization
public import Tensors

/// The state of a LoQT layer right after Initialise (loqt-algorithm: W ≈ W_q + s P B).
///
/// Matrices lie `[out, in]`. On the left side (in <= out) P is kept as `[r, in]` and B as `[out, r]`; on
/// the right side (in > out) P as `[out, r]` and B as `[r, in]`: then the update is always the product
/// of an `[out, r]` and an `[r, in]` matrix, as in published low-rank adapters.
public struct Initialization: Sendable {
  /// W_q.
  public var weight: StoredMatrix
  /// P_q.
  public var projection: StoredMatrix
  /// B.
  public var factor: Tensor<Float>
  /// ‖W - W_q - s P B‖ after each compensation step; of the plain W_q when there was none.
  public var errors: [Double]

  /// ‖W - W_q - s P B‖ of the pair that was kept, the best one; NaN when W is not finite.
  public var error: Double { errors.min() ?? 0 }

  /// Alternates between quantising what the update does not express and fitting the update to the
  /// quantisation error, `steps` times, and keeps the best pair (Algorithm 2 with the residual
  /// W - W_q, which the error falls with).
  ///
  /// Two matrices of W's size are alive besides W. Traps when the shapes do not fit.
  ///
  /// - Parameters:
  ///   - weight: W `[out, in]`.
  ///   - basis: P with orthonormal columns, `[in, r]` or `[out, r]` by `side`.
  ///   - side: On which side P stands.
  ///   - scale: s.
  ///   - weightFormat: How W_q is stored.
  ///   - projectionFormat: How P_q is stored.
  ///   - steps: C; with 0, or without a quantiser, W is stored plainly and B is 0.
  public init(
    of weight: Tensor<Float>, basis: Tensor<Float>, side: ProjectionSide, scale: Float,
    weightFormat: WeightFormat, projectionFormat: WeightFormat, steps: Int
  ) {
    precondition(
      weight.rank == 2 && basis.rank == 2 && basis.shape[0] == weight.shape[side == .left ? 1 : 0],
      "Initialise: basis \(basis.shape) does not fit the \(side) side of W \(weight.shape)")
    self.init(
      of: weight, projection: Self.stored(basis, side: side, as: projectionFormat), side: side,
      scale: scale, weightFormat: weightFormat, steps: steps)
  }

  /// P_q of a basis with P in its columns.
  static func stored(_ basis: Tensor<Float>, side: ProjectionSide, as format: WeightFormat)
    -> StoredMatrix
  {
    StoredMatrix(storing: side == .left ? basis.transposed() : basis, as: format)
  }

  /// The state around W_q as it is, when the update is zero.
  init(keeping weight: StoredMatrix, projection: StoredMatrix, side: ProjectionSide) {
    self.weight = weight
    self.projection = projection
    factor = .zeros(Self.factorShape(weight.shape, projection, side))
    errors = [0]
  }

  private static func factorShape(
    _ shape: Shape, _ projection: StoredMatrix, _ side: ProjectionSide
  ) -> Shape {
    side == .left ? [shape[0], projection.shape[0]] : [projection.shape[1], shape[1]]
  }

  /// The state for a given P_q.
  init(
    of weight: Tensor<Float>, projection: StoredMatrix, side: ProjectionSide, scale: Float,
    weightFormat: WeightFormat, steps: Int
  ) {
    self.projection = projection
    factor = .zeros(Self.factorShape(weight.shape, projection, side))
    errors = []
    // The dual basis K = P (PᵀP)⁻¹, as rows: pinv(P) = Kᵀ. P is nearly orthonormal, so Cholesky is
    // enough; it fails only where P is not finite, and then nothing can be fitted.
    let p = projection.dequantized()
    let rows = side == .left ? p : p.transposed()
    let gram = matmul(rows, rows.transposed())
    guard steps > 0, weightFormat != .float32, let dual = (try? cholesky(gram))?.solve(rows) else {
      self.weight = StoredMatrix(storing: weight, as: weightFormat)
      errors = [
        weightFormat == .float32 ? 0 : Self.residual(weight, self.weight).norm()
      ]
      return
    }
    var best = (weight: StoredMatrix.dense(.empty), factor: factor, error: Double.infinity)
    var target = weight
    for step in 1...steps {
      let quantized = StoredMatrix(storing: target, as: weightFormat)
      target = .empty
      let residual = Self.residual(weight, quantized)
      let fitted =
        side == .left
        ? matmul(residual, dual.transposed()) : matmul(dual, residual)
      let b = fitted * (1 / scale)
      // ‖R - s P B‖² = ‖R‖² - s² <B, (PᵀP) B>, as B solves the normal equations.
      let spanned = side == .left ? matmul(fitted, gram) : matmul(gram, fitted)
      let error = max(0, residual.sumOfSquares() - fitted.dot(spanned)).squareRoot()
      errors.append(error)
      if error < best.error { best = (quantized, b, error) }
      if step < steps {
        target = weight.copied()
        if side == .left {
          target.addProduct(b, p, scale: -scale)
        } else {
          target.addProduct(p, b, scale: -scale)
        }
      }
    }
    if best.error == .infinity {
      // W is not finite: store it plainly, so that the trouble shows where it came from.
      best = (StoredMatrix(storing: weight, as: weightFormat), factor, .nan)
    }
    self.weight = best.weight
    factor = best.factor
  }

  /// W - W_q.
  static func residual(_ weight: Tensor<Float>, _ quantized: StoredMatrix) -> Tensor<Float> {
    var result = quantized.dequantized()
    result.scaleAdd(-1, adding: 1, times: weight)
    return result
  }
}
