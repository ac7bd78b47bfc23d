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
  /// Works by panels of rows, so that W is the only whole matrix in full precision. Traps when the
  /// shapes do not fit.
  ///
  /// - Parameters:
  ///   - weight: W `[out, in]`.
  ///   - basis: P with orthonormal columns, `[in, r]` or `[out, r]` by `side`.
  ///   - side: On which side P stands.
  ///   - scale: s.
  ///   - weightFormat: How W_q is stored.
  ///   - projectionFormat: How P_q is stored.
  ///   - random: Rounds W_q at random, another time at each step; to the nearest level when left out.
  ///   - steps: C; with 0, or without a quantiser, W is stored plainly and B is 0.
  public init(
    of weight: Tensor<Float>, basis: Tensor<Float>, side: ProjectionSide, scale: Float,
    weightFormat: WeightFormat, projectionFormat: WeightFormat, steps: Int,
    rounding random: RandomSource? = nil
  ) {
    precondition(
      weight.rank == 2 && basis.rank == 2 && basis.shape[0] == weight.shape[side == .left ? 1 : 0],
      "Initialise: basis \(basis.shape) does not fit the \(side) side of W \(weight.shape)")
    self.init(
      of: weight, projection: Self.stored(basis, side: side, as: projectionFormat), side: side,
      scale: scale, weightFormat: weightFormat, steps: steps, rounding: random)
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
    weightFormat: WeightFormat, steps: Int, rounding random: RandomSource? = nil
  ) {
    func stored(_ step: Int, _ panel: (Range<Int>) -> Tensor<Float>) -> StoredMatrix {
      guard var source = random?.split(UInt64(step)) else {
        return StoredMatrix(shape: weight.shape, as: weightFormat, byPanels: panel)
      }
      return StoredMatrix(
        shape: weight.shape, as: weightFormat, using: &source, byPanels: panel)
    }
    self.projection = projection
    factor = .zeros(Self.factorShape(weight.shape, projection, side))
    errors = []
    // The dual basis K = P (PᵀP)⁻¹, as rows: pinv(P) = Kᵀ. P is nearly orthonormal, so Cholesky is
    // enough; it fails only where P is not finite, and then nothing can be fitted.
    let fits = steps > 0 && weightFormat != .float32
    let p = fits ? projection.dequantized() : .empty
    let rows = side == .left ? p : p.transposed()
    let gram = fits ? matmul(rows, rows.transposed()) : .empty
    guard fits, let dual = (try? cholesky(gram))?.solve(rows) else {
      self.weight = stored(0) { weight.sliced($0) }
      var squares = 0.0
      if weightFormat != .float32 {
        self.weight.forEachResidual(from: weight) { _, panel in squares += panel.sumOfSquares() }
      }
      errors = [squares.squareRoot()]
      return
    }
    var best = (weight: StoredMatrix.dense(.empty), factor: factor, error: Double.infinity)
    var b: Tensor<Float>?
    for step in 1...steps {
      let quantized = stored(step) { rows in
        var panel = weight.sliced(rows)
        if let b { panel.addUpdate(of: b, p, side, scale: -scale, rows: rows) }
        return panel
      }
      // s B = R pinv(P), or pinv(P) R on the right side, where every panel adds to it.
      var fitted = Tensor<Float>.zeros(factor.shape)
      var parts: [Tensor<Float>] = []
      var squares = 0.0
      quantized.forEachResidual(from: weight) { rows, residual in
        squares += residual.sumOfSquares()
        if side == .left {
          parts.append(matmul(residual, dual.transposed()))
        } else {
          fitted.addProduct(dual.sliced(rows, alongAxis: 1), residual)
        }
      }
      if side == .left { fitted = .concatenated(parts) }
      // ‖R - s P B‖² = ‖R‖² - s² <B, (PᵀP) B>, as B solves the normal equations.
      let spanned = side == .left ? matmul(fitted, gram) : matmul(gram, fitted)
      let error = max(0, squares - fitted.dot(spanned)).squareRoot()
      errors.append(error)
      b = fitted * (1 / scale)
      if error < best.error { best = (quantized, b!, error) }
    }
    if best.error == .infinity {
      // W is not finite: store it plainly, so that the trouble shows where it came from.
      best = (StoredMatrix(storing: weight, as: weightFormat), factor, .nan)
    }
    self.weight = best.weight
    factor = best.factor
  }
}

extension StoredMatrix {
  /// Calls `body` with one panel of rows of `matrix` minus this after the other.
  func forEachResidual(
    from matrix: Tensor<Float>, _ body: (_ rows: Range<Int>, _ residual: Tensor<Float>) -> Void
  ) {
    forEachPanel { rows, panel in
      var residual = panel
      residual.scaleAdd(-1, adding: 1, times: matrix.sliced(rows))
      body(rows, residual)
    }
  }
}

extension Tensor<Float> {
  /// Adds some rows of the update: `self += scale * (P b)[rows]` for these rows of an `[out, in]`
  /// matrix, with P and b as `Initialization` holds them.
  mutating func addUpdate(
    of b: Tensor, _ p: Tensor, _ side: ProjectionSide, scale: Float, rows: Range<Int>
  ) {
    let (up, down) = side == .left ? (b, p) : (p, b)
    addProduct(up.sliced(rows), down, scale: scale)
  }
}
