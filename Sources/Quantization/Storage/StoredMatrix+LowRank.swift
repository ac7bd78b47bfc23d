public import Tensors

extension StoredMatrix {
  /// x (w + scale up down)ᵀ with x `[rows, in]`, this w `[out, in]`, up `[out, k]` and down
  /// `[k, in]`: `[rows, out]`. The update is added into each panel of w on its way, so that it costs
  /// out x k x in multiply-adds whatever the rows of x. Traps when the shapes do not fit.
  public func productTransposed(
    of x: Tensor<Float>, adding up: Tensor<Float>, _ down: Tensor<Float>, scale: Float
  ) -> Tensor<Float> {
    checkUpdate(up, down)
    precondition(
      x.rank == 2 && x.shape[1] == shape[1],
      "productTransposed: \(x.shape) times \(shape) transposed")
    let (rows, out, inner) = (x.shape[0], shape[0], shape[1])
    var y = Tensor<Float>(unsafeUninitializedShape: [rows, out]) { _ in }
    y.withMutablePointer { y in
      x.withPointer { x in
        forEachUpdatedPanel(up, down, scale) { part, panel in
          panel.withPointer { panel in
            gemm(
              false, true, rows, part.count, inner, 1, x, max(1, inner), panel, max(1, inner), 0,
              y + part.lowerBound, out)
          }
        }
      }
    }
    return y
  }

  /// x (w + scale up down) with x `[rows, out]`: `[rows, in]`; otherwise as `productTransposed`.
  public func product(
    of x: Tensor<Float>, adding up: Tensor<Float>, _ down: Tensor<Float>, scale: Float
  ) -> Tensor<Float> {
    checkUpdate(up, down)
    precondition(x.rank == 2 && x.shape[1] == shape[0], "product: \(x.shape) times \(shape)")
    var y = Tensor<Float>(unsafeUninitializedShape: [x.shape[0], shape[1]]) { _ in }
    if shape[0] == 0 { return .zeros(y.shape) }
    forEachUpdatedPanel(up, down, scale) { part, panel in
      y.addProduct(
        x.sliced(part, alongAxis: 1), panel, keeping: part.lowerBound == 0 ? 0 : 1)
    }
    return y
  }

  private func checkUpdate(_ up: Tensor<Float>, _ down: Tensor<Float>) {
    precondition(
      up.rank == 2 && down.rank == 2 && up.shape[1] == down.shape[0]
        && shape == [up.shape[0], down.shape[1]],
      "product: an update \(up.shape) times \(down.shape) to \(shape)")
  }

  private func forEachUpdatedPanel(
    _ up: Tensor<Float>, _ down: Tensor<Float>, _ scale: Float,
    _ body: (Range<Int>, Tensor<Float>) -> Void
  ) {
    forEachPanel { part, panel in
      var panel = panel
      panel.addProduct(up.sliced(part), down, scale: scale)
      body(part, panel)
    }
  }
}
