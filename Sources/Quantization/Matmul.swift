internal import CKernels
public import Tensors

/// The product `x w` with a quantised matrix: `[..., out] x [out, in] -> [..., in]`.
///
/// For a linear layer this is the gradient for its input. Traps when the shapes do not fit.
public func matmul(
  _ x: Tensor<Float>, _ w: some QuantizedTensor, arithmetic: Arithmetic = .float
) -> Tensor<Float> {
  precondition(
    x.rank >= 1 && w.shape.rank == 2 && x.shape.lastDimension == w.shape[0],
    "matmul: shapes \(x.shape) and \(w.shape) do not fit")
  return product(of: x, columns: w.shape[1]) {
    $0.addProduct($1, w, keeping: 0, arithmetic: arithmetic)
  }
}

/// The product `x wᵀ` with a quantised matrix: `[..., in] x [out, in] -> [..., out]`.
///
/// For a linear layer this is its output. Traps when the shapes do not fit.
public func matmulTransposed(
  _ x: Tensor<Float>, _ w: some QuantizedTensor, arithmetic: Arithmetic = .float
) -> Tensor<Float> {
  precondition(
    x.rank >= 1 && w.shape.rank == 2 && x.shape.lastDimension == w.shape[1],
    "matmulTransposed: shapes \(x.shape) and \(w.shape) do not fit")
  return product(of: x, columns: w.shape[0]) {
    $0.addProductTransposed($1, w, keeping: 0, arithmetic: arithmetic)
  }
}

/// `[..., columns]` from the rows of x, filled by a product that keeps no old elements.
private func product(
  of x: Tensor<Float>, columns: Int, _ fill: (inout Tensor<Float>, Tensor<Float>) -> Void
) -> Tensor<Float> {
  let rows = x.asRows()
  var result = Tensor<Float>(unsafeUninitializedShape: [rows.shape[0], columns]) { _ in }
  fill(&result, rows)
  return x.rank == 2 ? result : result.reshaped(to: Shape(x.shape.dropLast() + [columns]))
}

extension Tensor<Float> {
  /// `self = keeping * self + scale * x w` for `self` `[rows, in]`, x `[rows, out]` and a quantised
  /// w `[out, in]`. With `keeping` 0 the old elements are not read. w is dequantised panel by panel
  /// into at most 4 MiB; in 8-bit arithmetic x also takes a byte an element and an eighth more. Traps
  /// when the shapes do not fit.
  public mutating func addProduct(
    _ x: Tensor, _ w: some QuantizedTensor, scale: Float = 1, keeping: Float = 1,
    arithmetic: Arithmetic = .float
  ) {
    precondition(
      x.rank == 2 && w.shape.rank == 2 && x.shape[1] == w.shape[0]
        && shape == [x.shape[0], w.shape[1]],
      "addProduct: \(x.shape) times \(w.shape) does not fit into \(shape)")
    addProduct(x, w, transposed: false, scale: scale, keeping: keeping, arithmetic)
  }

  /// `self = keeping * self + scale * x wᵀ` for `self` `[rows, out]`, x `[rows, in]` and a
  /// quantised w `[out, in]`. With `keeping` 0 the old elements are not read. w is dequantised
  /// panel by panel into at most 4 MiB; if the format allows, a few rows of x are multiplied
  /// directly with its codes, in floats. In 8-bit arithmetic x also takes a byte an element and an
  /// eighth more. Traps when the shapes do not fit.
  public mutating func addProductTransposed(
    _ x: Tensor, _ w: some QuantizedTensor, scale: Float = 1, keeping: Float = 1,
    arithmetic: Arithmetic = .float
  ) {
    precondition(
      x.rank == 2 && w.shape.rank == 2 && x.shape[1] == w.shape[1]
        && shape == [x.shape[0], w.shape[0]],
      "addProductTransposed: \(x.shape) times \(w.shape) transposed does not fit into \(shape)")
    addProduct(x, w, transposed: true, scale: scale, keeping: keeping, arithmetic)
  }

  private mutating func addProduct(
    _ x: Tensor, _ w: some QuantizedTensor, transposed: Bool, scale: Float, keeping: Float,
    _ arithmetic: Arithmetic
  ) {
    if x.shape[1] == 0 {
      self = keeping == 0 ? .zeros(shape) : self * keeping
      return
    }
    let plan = PanelPlan(rows: shape[0], columns: shape[1], inner: x.shape[1])
    guard plan.rows > 0, plan.columns > 0 else { return }
    x.withPointer { x in
      withMutablePointer { c in
        if transposed && multiplyCodes(w, x, plan, scale: scale, keeping: keeping, into: c) {
          return
        }
        if arithmetic == .int8 && plan.rows > Arithmetic.fewRows {
          let product = Int8Product(
            rows: plan.rows, columns: plan.columns, inner: plan.inner,
            top: transposed ? w.format.largestCode : Float(LOQT_INT8_TOP))
          product.add(x, transposed: transposed, scale: scale, keeping: keeping, to: c) {
            w._dequantizePanel(rows: $0, columns: $1, into: $2)
          }
          return
        }
        plan.addProduct(x, transposed: transposed, scale: scale, keeping: keeping, to: c) {
          w._dequantizePanel(rows: $0, columns: $1, into: $2)
        }
      }
    }
  }
}

/// `out = keeping * out + scale * x wᵀ` directly from the codes, for few rows of x. False, with
/// nothing done, if w does not give the layout of its codes, and without vector instructions that
/// look up levels.
private func multiplyCodes(
  _ w: some QuantizedTensor, _ x: UnsafePointer<Float>, _ plan: PanelPlan, scale: Float,
  keeping: Float, into out: UnsafeMutablePointer<Float>
) -> Bool {
  guard plan.rows <= _CodeMatrix.fewRows, loqt_instruction_set() != Int32(LOQT_PLAIN) else {
    return false
  }
  var isDone = false
  w._withCodes { codes in
    codes.addProductTransposed(
      x, rows: plan.rows, height: plan.columns, columns: plan.inner, scale: scale,
      keeping: keeping, into: out)
    isDone = true
  }
  return isDone
}

/// How the threads share a product `[rows, inner] x [inner, columns]` with a matrix that is
/// dequantised panel by panel.
///
/// Each thread has its own part of the result and its own panel, so one can dequantise while
/// another multiplies. A panel has few inner terms and many columns: a matrix product packs all of
/// its left side for every panel, and keeps its sums in memory between slices of terms anyway.
struct PanelPlan {
  let rows: Int
  let columns: Int
  let inner: Int
  /// The inner terms of each panel: as many as OpenBLAS sums before it writes, so that it does not
  /// split them again.
  let slices: [Range<Int>]
  private let splitsColumns: Bool
  private let panelColumns: Int
  private let panelTerms: Int

  /// - Parameter makesPanelsOnce: Whether no panel may be made by two threads, as each is if they
  ///   share the rows of the result.
  init(rows: Int, columns: Int, inner: Int, makesPanelsOnce: Bool = false) {
    (self.rows, self.columns, self.inner) = (rows, columns, inner)
    splitsColumns = columns >= rows || makesPanelsOnce
    // A panel that is read only a few times should stay in the L2 cache of its core.
    let elements = rows <= 64 ? 1 << 17 : max(1 << 17, (1 << 20) / Threads.count)
    var slices: [Range<Int>] = []
    var start = 0
    let (terms, unit) = Self.blasSlices
    while inner - start >= 2 * terms {
      slices.append(start..<start + terms)
      start += terms
    }
    if inner - start > terms {
      let middle = start + dividedUp((inner - start) / 2, by: unit) * unit
      slices.append(start..<middle)
      start = middle
    }
    if start < inner { slices.append(start..<inner) }
    self.slices = slices
    panelTerms = slices.lazy.map(\.count).max() ?? 0
    panelColumns = min(columns, max(64, elements / max(1, panelTerms) / 64 * 64))
  }

  /// Up to this many rows, the matrix is multiplied with each row as a vector.
  static let fewRows = 2

  /// The number of terms that OpenBLAS sums before it writes, and the unit in which it halves a
  /// remainder below twice that number: SGEMM_Q and SGEMM_UNROLL_M of its kernels.
  private static let blasSlices: (terms: Int, unit: Int) =
    switch Threads.blasCore {
    case "SkylakeX": (448, 16)
    case "Sandybridge": (384, 16)
    case "Cooperlake": (320, 16)
    default: (320, 8)
    }

  /// `c = keeping * c + scale * x w`, or with w transposed, for x `[rows, inner]` and c `[rows,
  /// columns]`, where `fill` writes the given rows and columns of w, contiguously.
  func addProduct(
    _ x: UnsafePointer<Float>, transposed: Bool, scale: Float, keeping: Float,
    to c: UnsafeMutablePointer<Float>,
    _ fill: (_ rows: Range<Int>, _ columns: Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) {
    run { rows, columns, values in
      for inner in slices {
        fill(transposed ? columns : inner, transposed ? inner : columns, values)
        let x = x + rows.lowerBound * self.inner + inner.lowerBound
        let c = c + rows.lowerBound * self.columns + columns.lowerBound
        let (height, width) =
          transposed ? (columns.count, inner.count) : (inner.count, columns.count)
        let keeping = inner.lowerBound == 0 ? keeping : 1
        if rows.count <= Self.fewRows {
          // A matrix product would copy the panel into an order of its own.
          for row in 0..<rows.count {
            gemv(
              !transposed, height, width, scale, values, width, x + row * self.inner, 1, keeping,
              c + row * self.columns, 1)
          }
        } else {
          gemm(
            false, transposed, rows.count, columns.count, inner.count, scale, x, self.inner,
            values, width, keeping, c, self.columns)
        }
      }
    }
  }

  /// Calls `body` for every panel with its rows and columns of the result and scratch for its
  /// elements.
  private func run(
    _ body: (_ rows: Range<Int>, _ columns: Range<Int>, UnsafeMutablePointer<Float>) -> Void
  ) {
    // Parts are multiples of 16, so that no vector is cut, and large enough to wake a thread for.
    let unit = 16
    let side = splitsColumns ? columns : rows
    let work = rows * columns * max(1, inner)
    let grain = work < 1 << 19 ? side : (1 << 18) / (work / side * unit) + 1
    parallelFor(dividedUp(side, by: unit), grain: grain) { units in
      let part = units.lowerBound * unit..<min(side, units.upperBound * unit)
      let (rows, columns) = splitsColumns ? (0..<rows, part) : (part, 0..<columns)
      // Panels of equal width: a narrow last one would have all of the left side packed for little.
      let panels = dividedUp(columns.count, by: panelColumns)
      let width = dividedUp(dividedUp(columns.count, by: panels), by: unit) * unit
      var scratch = Tensor<Float>(unsafeUninitializedShape: [width * panelTerms]) { _ in }
      scratch.withMutablePointer { values in
        for first in stride(from: columns.lowerBound, to: columns.upperBound, by: width) {
          body(rows, first..<min(columns.upperBound, first + width), values)
        }
      }
    }
  }
}

/// How many rows of a matrix to dequantise at a time where whole rows are needed: at most 4 MiB of
/// them, or one.
func panelRows(of shape: Shape) -> Int {
  let rows = (1 << 20) / max(1, shape[1])
  return max(1, min(shape[0], rows < 16 ? rows : rows / 16 * 16))
}
