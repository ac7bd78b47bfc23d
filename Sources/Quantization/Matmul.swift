public import Tensors

/// The product `x w` with a quantised matrix: `[..., out] x [out, in] -> [..., in]`.
///
/// For a linear layer this is the gradient for its input. Traps when the shapes do not fit.
public func matmul(_ x: Tensor<Float>, _ w: some QuantizedTensor) -> Tensor<Float> {
  precondition(
    x.rank >= 1 && w.shape.rank == 2 && x.shape.lastDimension == w.shape[0],
    "matmul: shapes \(x.shape) and \(w.shape) do not fit")
  return product(of: x, columns: w.shape[1]) { $0.addProduct($1, w, keeping: 0) }
}

/// The product `x wᵀ` with a quantised matrix: `[..., in] x [out, in] -> [..., out]`.
///
/// For a linear layer this is its output. Traps when the shapes do not fit.
public func matmulTransposed(_ x: Tensor<Float>, _ w: some QuantizedTensor) -> Tensor<Float> {
  precondition(
    x.rank >= 1 && w.shape.rank == 2 && x.shape.lastDimension == w.shape[1],
    "matmulTransposed: shapes \(x.shape) and \(w.shape) do not fit")
  return product(of: x, columns: w.shape[0]) { $0.addProductTransposed($1, w, keeping: 0) }
}

/// `[..., columns]` from x as rows, filled by a product that keeps nothing.
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
  /// into at most 4 MiB (or one row, where that is more). Traps when the shapes do not fit.
  public mutating func addProduct(
    _ x: Tensor, _ w: some QuantizedTensor, scale: Float = 1, keeping: Float = 1
  ) {
    precondition(
      x.rank == 2 && w.shape.rank == 2 && x.shape[1] == w.shape[0]
        && shape == [x.shape[0], w.shape[1]],
      "addProduct: \(x.shape) times \(w.shape) does not fit into \(shape)")
    let (rows, out, inner) = (x.shape[0], w.shape[0], w.shape[1])
    if out == 0 {
      self = keeping == 0 ? .zeros(shape) : self * keeping
      return
    }
    x.withPointer { x in
      withMutablePointer { c in
        w.forEachPanel(tokens: rows) { panel, values in
          gemm(
            false, false, rows, inner, panel.count, scale, x + panel.lowerBound, out, values,
            max(1, inner), panel.lowerBound == 0 ? keeping : 1, c, max(1, inner))
        }
      }
    }
  }

  /// `self = keeping * self + scale * x wᵀ` for `self` `[rows, out]`, x `[rows, in]` and a quantised
  /// w `[out, in]`. With `keeping` 0 the old elements are not read. w is dequantised panel by panel
  /// into at most 4 MiB (or one row, where that is more); for up to eight rows of x, 4-bit rows of a
  /// multiple of 128 elements and of the block size are multiplied straight from their codes. Traps
  /// when the shapes do not fit.
  public mutating func addProductTransposed(
    _ x: Tensor, _ w: some QuantizedTensor, scale: Float = 1, keeping: Float = 1
  ) {
    precondition(
      x.rank == 2 && w.shape.rank == 2 && x.shape[1] == w.shape[1]
        && shape == [x.shape[0], w.shape[0]],
      "addProductTransposed: \(x.shape) times \(w.shape) transposed does not fit into \(shape)")
    let (rows, out, inner) = (x.shape[0], w.shape[0], w.shape[1])
    x.withPointer { x in
      withMutablePointer { c in
        if w._addProductTransposed(x, rows: rows, scale: scale, keeping: keeping, into: c) {
          return
        }
        w.forEachPanel(tokens: rows) { panel, values in
          gemm(
            false, true, rows, panel.count, inner, scale, x, max(1, inner), values, max(1, inner),
            keeping, c + panel.lowerBound, out)
        }
      }
    }
  }
}

extension QuantizedTensor {
  /// Calls `body` with one panel of rows after the other as floats, in one scratch buffer.
  ///
  /// All threads dequantise a panel, then all multiply with it, so that the scratch does not grow
  /// with their number.
  fileprivate func forEachPanel(
    tokens: Int, _ body: (Range<Int>, UnsafePointer<Float>) -> Void
  ) {
    let (count, length) = (shape[0], shape[1])
    let height = panelRows(of: shape, tokens: tokens)
    var scratch = Tensor<Float>(unsafeUninitializedShape: [height, length]) { _ in }
    scratch.withMutablePointer { values in
      for start in stride(from: 0, to: count, by: height) {
        let rows = start..<min(count, start + height)
        dequantizeRows(rows, into: values)
        body(rows, values)
      }
    }
  }
}

/// Rows of a matrix dequantised at a time: few where the product reads them just a few times, so
/// that they stay in the nearest cache, more where a product with each panel costs a pass over x.
func panelRows(of shape: Shape, tokens: Int = .max) -> Int {
  let elements = tokens <= 8 ? 1 << 17 : tokens <= 64 ? 1 << 18 : 1 << 20
  let rows = elements / max(1, shape[1])
  return max(1, min(shape[0], rows < 16 ? rows : rows / 16 * 16))
}
