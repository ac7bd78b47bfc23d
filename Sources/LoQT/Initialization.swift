public import Optimizers
public import Quantization
public import Tensors

/// The state of a LoQT layer right after initialisation (arXiv 2405.16528, section 3, algorithm 2):
/// W ≈ W_q + s P B.
///
/// Matrices are `[out, in]`. On the left side (in <= out) P is `[r, in]` and B is `[out, r]`; on the right
/// side (in > out) P is `[out, r]` and B is `[r, in]`. So the update is always the product of an
/// `[out, r]` and an `[r, in]` matrix, as in published low-rank adapters.
public struct Initialization: Sendable {
  /// W_q.
  public var weight: StoredMatrix
  /// P_q.
  public var projection: StoredMatrix
  /// B.
  public var factor: Tensor<Float>
  /// ‖W - W_q - s P B‖ after each compensation step, or that of the plain W_q if there was none.
  public var errors: [Double]

  /// ‖W - W_q - s P B‖ of the best pair, which was kept; NaN if W is not finite.
  public var error: Double { errors.min() ?? 0 }

  /// Alternates `steps` times between quantising what the update does not express and fitting the update
  /// to the quantisation error, and keeps the best pair (algorithm 2 with the residual W - W_q, which
  /// makes the error decrease).
  ///
  /// Works on panels of rows, so that W is the only full-precision matrix in memory. Traps if the shapes
  /// do not fit.
  ///
  /// - Parameters:
  ///   - weight: W `[out, in]`.
  ///   - basis: P with orthonormal columns, `[in, r]` or `[out, r]` by `side`.
  ///   - side: The side of P.
  ///   - scale: s.
  ///   - weightFormat: How W_q is stored.
  ///   - projectionFormat: How P_q is stored.
  ///   - random: Rounds W_q stochastically, with new numbers at each step; to the nearest level when left
  ///     out.
  ///   - steps: C; with 0, or without quantisation, W is stored plainly and B is 0.
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

  /// P_q for a basis whose columns are P.
  static func stored(_ basis: Tensor<Float>, side: ProjectionSide, as format: WeightFormat)
    -> StoredMatrix
  {
    StoredMatrix(storing: side == .left ? basis.transposed() : basis, as: format)
  }

  /// The state that keeps W_q, for a zero update.
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
    // P is nearly orthonormal, so this fails only if it is not finite, and then nothing can be fitted.
    guard steps > 0, weightFormat != .float32,
      let span = ProjectionSpan(of: projection.dequantized(), side)
    else {
      self.weight = stored(0) { weight.sliced($0) }
      var squares = 0.0
      if weightFormat != .float32 {
        self.weight.forEachResidual(from: weight) { _, panel in squares += panel.sumOfSquares() }
      }
      errors = [squares.squareRoot()]
      return
    }
    var best = (weight: StoredMatrix.dense(.empty), coordinates: factor, error: Double.infinity)
    var coordinates: Tensor<Float>?
    for step in 1...steps {
      let quantized = stored(step) { rows in
        let panel = weight.sliced(rows)
        return coordinates.map { panel - span.update($0, rows: rows) } ?? panel
      }
      var (squares, fitted) = (0.0, span.fit(to: factor.shape))
      quantized.forEachResidual(from: weight) { rows, residual in
        squares += residual.sumOfSquares()
        span.add(residual, rows: rows, to: &fitted)
      }
      // ‖R - s P B‖² = ‖R‖² - ‖s P B‖², as s P B is R on the span of P.
      let error = max(0, squares - fitted.sumOfSquares()).squareRoot()
      errors.append(error)
      if error < best.error { best = (quantized, fitted, error) }
      coordinates = fitted
    }
    if best.error == .infinity {
      // W is not finite: store it plainly, so that the fault stays visible.
      best = (StoredMatrix(storing: weight, as: weightFormat), factor, .nan)
    }
    self.weight = best.weight
    factor = span.factor(of: best.coordinates) * (1 / scale)
  }
}

/// The span of P, with an orthonormal basis: rows of `[r, in]` on the left side, columns of `[out, r]` on
/// the right. The coordinates of an update s P B in this basis have the shape of B.
private struct ProjectionSpan {
  private let basis: Tensor<Float>
  private let gram: GramFactor<Float>
  private let side: ProjectionSide

  /// Nil if the columns of P are not finite or are linearly dependent.
  init?(of p: Tensor<Float>, _ side: ProjectionSide) {
    let columns = side == .left ? p.transposed() : p
    guard let gram = GramFactor(Tensor.lowerProduct(columns, columns)) else { return nil }
    self.gram = gram
    self.side = side
    basis =
      side == .left ? gram.solvedFromLeft(p, transposed: false) : gram.solvedFromRight(p)
  }

  /// Some rows of the update with the given coordinates.
  func update(_ coordinates: Tensor<Float>, rows: Range<Int>) -> Tensor<Float> {
    let (up, down) = side == .left ? (coordinates, basis) : (basis, coordinates)
    return matmul(up.sliced(rows), down)
  }

  /// Storage for the coordinates of a matrix that is added in panels of rows.
  func fit(to shape: Shape) -> Tensor<Float> {
    side == .left ? Tensor(unsafeUninitializedShape: shape) { _ in } : .zeros(shape)
  }

  /// Adds the coordinates of some rows of a matrix, which on the left side are rows of their own.
  func add(_ panel: Tensor<Float>, rows: Range<Int>, to fitted: inout Tensor<Float>) {
    if side == .left {
      fitted[rows, .all] = matmul(panel, basis.transposed())
    } else {
      fitted.addProduct(basis.sliced(rows).transposed(), panel)
    }
  }

  /// s B for the given coordinates.
  func factor(of coordinates: Tensor<Float>) -> Tensor<Float> {
    side == .left
      ? gram.solvedFromRight(coordinates, transposed: true)
      : gram.solvedFromLeft(coordinates, transposed: true)
  }
}

extension StoredMatrix {
  /// Calls `body` with each panel of rows of the difference `matrix` minus this, in order.
  func forEachResidual(
    from matrix: Tensor<Float>, _ body: (_ rows: Range<Int>, _ residual: Tensor<Float>) -> Void
  ) {
    forEachPanel { rows, panel in body(rows, matrix.sliced(rows) - panel) }
  }
}

extension Tensor<Float> {
  /// Adds some rows of the update to the same rows of an `[out, in]` matrix:
  /// `self += scale * (P b)[rows]`, with P and b as in `Initialization`.
  mutating func addUpdate(
    of b: Tensor, _ p: Tensor, _ side: ProjectionSide, scale: Float, rows: Range<Int>
  ) {
    let (up, down) = side == .left ? (b, p) : (p, b)
    addProduct(up.sliced(rows), down, scale: scale)
  }
}
