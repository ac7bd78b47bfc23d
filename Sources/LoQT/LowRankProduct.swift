import Autodiff
import Quantization
import Tensors

/// y = x Wᵀ + s (x downᵀ) upᵀ with W `[out, in]` frozen (or absent), up `[out, r]` and down `[r, in]`
/// each either trained or frozen and packed. Inputs are x and the trained factors, up first.
struct LowRankProduct: CustomOperation {
  /// One of the factors.
  enum Factor {
    /// An input of the operation.
    case trained
    /// Not trained.
    case stored(StoredMatrix)

    var isTrained: Bool { if case .trained = self { true } else { false } }
  }

  let weight: StoredMatrix?
  let up: Factor
  let down: Factor
  let scale: Float

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let x = inputs[0].asRows()
    let trained = Array(inputs.dropFirst())
    let upInput = up.isTrained ? trained[0] : .empty
    let downInput = down.isTrained ? trained[trained.count - 1] : .empty
    let (out, input) = sizes(upInput, downInput)
    precondition(
      x.shape[1] == input, "LowRankProduct: \(inputs[0].shape) does not fit [\(out), \(input)]")
    var y = Tensor<S>(unsafeUninitializedShape: [x.shape[0], out]) { _ in }
    if let weight { y.addProductTransposed(x, stored: weight, keeping: 0) }
    let z = timesTransposed(x, down, downInput)
    addTimesTransposed(
      z, up, upInput, scale: S(scale), keeping: weight == nil ? 0 : 1, to: &y)
    context.savedShapes = [inputs[0].shape]
    // For d up: z; for d down: x, as for the factors of dW; for dx: the trained factors.
    let wantsZ = up.isTrained && context.needsGradient[1]
    let wantsX = context.needsFactors || (down.isTrained && context.needsGradient.last!)
    for factor in trained { context.save(factor) }
    context.save(wantsX ? x : .empty, wantsZ ? z : .empty)
    return y.reshaped(to: inputs[0].shape.dropLast() + [out])
  }

  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let d = gradient.asRows().contiguous()
    let saved = context.saved
    let up = self.up.isTrained ? saved[0] : .empty
    let down = self.down.isTrained ? saved[saved.count - 3] : .empty
    let (x, z) = (saved[saved.count - 2], saved[saved.count - 1])
    if context.needsFactors { context.factors = (x, d) }
    // u = d up [tokens, r], the gradient on its way through the update, without s.
    let u = times(d, self.up, up)
    var dx: Tensor<S>?
    if context.needsGradient[0] {
      let shape = context.savedShapes[0]
      var sum = Tensor<S>(unsafeUninitializedShape: [d.shape[0], shape.lastDimension]) { _ in }
      if let weight { sum.addProduct(d, stored: weight, keeping: 0) }
      addTimes(u, self.down, down, scale: S(scale), keeping: weight == nil ? 0 : 1, to: &sum)
      dx = sum.reshaped(to: shape)
    }
    var shares = [dx]
    if self.up.isTrained {
      shares.append(context.needsGradient[1] ? product(d, z, scale: S(scale)) : nil)
    }
    if self.down.isTrained {
      shares.append(context.needsGradient.last! ? product(u, x, scale: S(scale)) : nil)
    }
    return shares
  }

  private func sizes<S: RealScalar>(_ up: Tensor<S>, _ down: Tensor<S>) -> (out: Int, in: Int) {
    if let weight { return (weight.shape[0], weight.shape[1]) }
    return (up.shape[0], down.shape[1])
  }

  /// scale aᵀ b.
  private func product<S: RealScalar>(_ a: Tensor<S>, _ b: Tensor<S>, scale: S) -> Tensor<S> {
    var result = Tensor<S>(unsafeUninitializedShape: [a.shape[1], b.shape[1]]) { _ in }
    result.addProduct(a.transposed(), b, scale: scale, keeping: 0)
    return result
  }

  /// a fᵀ.
  private func timesTransposed<S: RealScalar>(_ a: Tensor<S>, _ f: Factor, _ input: Tensor<S>)
    -> Tensor<S>
  {
    guard case .stored(let matrix) = f else { return matmul(a, input.transposed()) }
    var result = Tensor<S>(unsafeUninitializedShape: [a.shape[0], matrix.shape[0]]) { _ in }
    result.addProductTransposed(a, stored: matrix, keeping: 0)
    return result
  }

  /// a f.
  private func times<S: RealScalar>(_ a: Tensor<S>, _ f: Factor, _ input: Tensor<S>)
    -> Tensor<S>
  {
    guard case .stored(let matrix) = f else { return matmul(a, input) }
    var result = Tensor<S>(unsafeUninitializedShape: [a.shape[0], matrix.shape[1]]) { _ in }
    result.addProduct(a, stored: matrix, keeping: 0)
    return result
  }

  private func addTimesTransposed<S: RealScalar>(
    _ a: Tensor<S>, _ f: Factor, _ input: Tensor<S>, scale: S, keeping: S, to sum: inout Tensor<S>
  ) {
    switch f {
    case .trained: sum.addProduct(a, input.transposed(), scale: scale, keeping: keeping)
    case .stored(let matrix):
      sum.addProductTransposed(a, stored: matrix, scale: scale, keeping: keeping)
    }
  }

  private func addTimes<S: RealScalar>(
    _ a: Tensor<S>, _ f: Factor, _ input: Tensor<S>, scale: S, keeping: S, to sum: inout Tensor<S>
  ) {
    switch f {
    case .trained: sum.addProduct(a, input, scale: scale, keeping: keeping)
    case .stored(let matrix): sum.addProduct(a, stored: matrix, scale: scale, keeping: keeping)
    }
  }
}
