public import Tensors

extension StoredMatrix {
  /// x (w + scale up down)ᵀ with x `[rows, in]`, this w `[out, in]`, up `[out, k]` and down `[k,
  /// in]`: `[rows, out]`. The update is added to each panel of w as the panel is made, so that it
  /// costs out x k x in multiply-adds however many rows x has. Traps when the shapes do not fit.
  public func productTransposed(
    of x: Tensor<Float>, adding up: Tensor<Float>, _ down: Tensor<Float>, scale: Float
  ) -> Tensor<Float> {
    precondition(
      x.rank == 2 && x.shape[1] == shape[1],
      "productTransposed: \(x.shape) does not fit \(shape) transposed")
    return updatedProduct(x, up, down, scale, transposed: true)
  }

  /// x (w + scale up down) with x `[rows, out]`: `[rows, in]`; otherwise as `productTransposed`.
  public func product(
    of x: Tensor<Float>, adding up: Tensor<Float>, _ down: Tensor<Float>, scale: Float
  ) -> Tensor<Float> {
    precondition(
      x.rank == 2 && x.shape[1] == shape[0], "product: \(x.shape) does not fit \(shape)")
    return updatedProduct(x, up, down, scale, transposed: false)
  }

  private func updatedProduct(
    _ x: Tensor<Float>, _ up: Tensor<Float>, _ down: Tensor<Float>, _ scale: Float,
    transposed: Bool
  ) -> Tensor<Float> {
    precondition(
      up.rank == 2 && down.rank == 2 && up.shape[1] == down.shape[0]
        && shape == [up.shape[0], down.shape[1]],
      "product: an update \(up.shape) times \(down.shape) does not fit \(shape)")
    let (rank, length) = (up.shape[1], shape[1])
    let plan = PanelPlan(
      rows: x.shape[0], columns: shape[transposed ? 0 : 1], inner: x.shape[1],
      makesPanelsOnce: true)
    guard plan.rows > 0, plan.columns > 0, plan.inner > 0 else {
      return .zeros([plan.rows, plan.columns])
    }
    var y = Tensor<Float>(unsafeUninitializedShape: [plan.rows, plan.columns]) { _ in }
    y.withMutablePointer { y in
      x.withPointer { x in
        up.withPointer { up in
          down.withPointer { down in
            plan.addProduct(x, transposed: transposed, scale: 1, keeping: 0, to: y) {
              rows, columns, panel in
              writePanel(rows: rows, columns: columns, to: panel)
              gemm(
                false, false, rows.count, columns.count, rank, scale,
                up + rows.lowerBound * rank, max(1, rank), down + columns.lowerBound, length, 1,
                panel, columns.count)
            }
          }
        }
      }
    }
    return y
  }

  /// Writes the part `rows` x `columns` as floats to `out`, contiguously, on the calling thread.
  private func writePanel(
    rows: Range<Int>, columns: Range<Int>, to out: UnsafeMutablePointer<Float>
  ) {
    switch self {
    case .dense(let matrix):
      matrix.withPointer { values in
        for (i, row) in rows.enumerated() {
          (out + i * columns.count).update(
            from: values + row * shape[1] + columns.lowerBound, count: columns.count)
        }
      }
    case .quantized(let matrix):
      matrix._dequantizePanel(rows: rows, columns: columns, into: out)
    }
  }
}
