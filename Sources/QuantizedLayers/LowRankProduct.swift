package import Autodiff
package import Quantization
package import Tensors

/// y = x Wᵀ + s (x downᵀ) upᵀ with W `[out, in]` frozen (or absent), up `[out, r]` and down `[r, in]`
/// each either trained or frozen and packed. Inputs are x and the trained factors, up first.
///
/// There are two routes: computing the update separately, in tokens x r x (out + in) multiply-adds, or
/// adding it into each panel of W, in out x r x in. Single precision takes the cheaper one; double
/// precision always the first, and so does 8-bit arithmetic, as an update is often smaller than a
/// step of W in 8 bits.
package struct LowRankProduct: CustomOperation {
  /// How a factor is held.
  package enum Factor {
    /// Trained: an input of the operation.
    case trained
    /// Frozen and packed.
    case stored(StoredMatrix)

    var isTrained: Bool { if case .trained = self { true } else { false } }
  }

  let weight: StoredMatrix?
  let up: Factor
  let down: Factor
  let scale: Float
  /// What the products with W are computed in.
  let arithmetic: Arithmetic

  /// An operation with these frozen parts.
  package init(
    weight: StoredMatrix?, up: Factor, down: Factor, scale: Float, arithmetic: Arithmetic = .float
  ) {
    self.weight = weight
    self.up = up
    self.down = down
    self.scale = scale
    self.arithmetic = arithmetic
  }

  package func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let x = inputs[0].asRows()
    let trained = Array(inputs.dropFirst())
    let upInput = up.isTrained ? trained[0] : .empty
    let downInput = down.isTrained ? trained[trained.count - 1] : .empty
    let (out, input) = sizes(upInput, downInput)
    precondition(
      x.shape[1] == input, "LowRankProduct: \(inputs[0].shape) does not fit [\(out), \(input)]")
    context.savedShapes = [inputs[0].shape]
    // The gradient of up needs z; that of down needs x, as do the factors of dW; dx needs the trained
    // factors.
    let wantsZ = up.isTrained && context.needsGradient[1]
    let tokens = x.shape[0]
    let isUpdateCheaper =
      out * input < tokens * (out + (wantsZ ? 0 : input)) && arithmetic == .float
    var z = Tensor<S>.empty
    var y: Tensor<S>
    if let weight, isUpdateCheaper,
      let merged = weight.productTransposed(
        of: x, adding: matrix(up, upInput), matrix(down, downInput), scale: scale)
    {
      if wantsZ { z = timesTransposed(x, down, downInput) }
      y = merged
    } else {
      z = timesTransposed(x, down, downInput)
      y = Tensor<S>(unsafeUninitializedShape: [tokens, out]) { _ in }
      if let weight {
        y.addProductTransposed(x, stored: weight, keeping: 0, arithmetic: arithmetic)
      }
      addTimesTransposed(
        z, up, upInput, scale: S(scale), keeping: weight == nil ? 0 : 1, to: &y)
    }
    let wantsX = context.needsFactors || (down.isTrained && context.needsGradient.last!)
    for factor in trained { context.save(factor) }
    context.save(wantsX ? x : .empty, wantsZ ? z : .empty)
    return y.reshaped(to: inputs[0].shape.dropLast() + [out])
  }

  package func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let d = gradient.asRows().contiguous()
    let saved = context.saved
    let up = self.up.isTrained ? saved[0] : .empty
    let down = self.down.isTrained ? saved[saved.count - 3] : .empty
    let (x, z) = (saved[saved.count - 2], saved[saved.count - 1])
    if context.needsFactors { context.factors = (x, d) }
    let shape = context.savedShapes[0]
    let (tokens, out, input) = (d.shape[0], d.shape[1], shape.lastDimension)
    let wantsU = self.down.isTrained && context.needsGradient.last!
    var dx: Tensor<S>?
    if let weight, context.needsGradient[0], arithmetic == .float,
      out * input < tokens * (input + (wantsU ? 0 : out)),
      let merged = weight.product(
        of: d, adding: matrix(self.up, up), matrix(self.down, down), scale: scale)
    {
      dx = merged.reshaped(to: shape)
    }
    // u = d up [tokens, r], the gradient inside the update, without s.
    let isUNeeded = wantsU || (context.needsGradient[0] && dx == nil)
    let u = isUNeeded ? times(d, self.up, up) : .empty
    if context.needsGradient[0], dx == nil {
      var sum = Tensor<S>(unsafeUninitializedShape: [tokens, input]) { _ in }
      if let weight {
        sum.addProduct(d, stored: weight, keeping: 0, arithmetic: arithmetic)
      }
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

  /// A factor as floats.
  private func matrix<S: RealScalar>(_ factor: Factor, _ input: Tensor<S>) -> Tensor<S> {
    guard case .stored(let matrix) = factor else { return input }
    let values = matrix.dequantized()
    return values as? Tensor<S> ?? values.converted(to: S.self)
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

extension StoredMatrix {
  /// The product with the update added into each panel; nil in double precision.
  fileprivate func productTransposed<S: RealScalar>(
    of x: Tensor<S>, adding up: Tensor<S>, _ down: Tensor<S>, scale: Float
  ) -> Tensor<S>? {
    guard let x = x as? Tensor<Float>, let up = up as? Tensor<Float>,
      let down = down as? Tensor<Float>
    else { return nil }
    return productTransposed(of: x, adding: up, down, scale: scale) as? Tensor<S>
  }

  /// The product with the update added into each panel; nil in double precision.
  fileprivate func product<S: RealScalar>(
    of x: Tensor<S>, adding up: Tensor<S>, _ down: Tensor<S>, scale: Float
  ) -> Tensor<S>? {
    guard let x = x as? Tensor<Float>, let up = up as? Tensor<Float>,
      let down = down as? Tensor<Float>
    else { return nil }
    return product(of: x, adding: up, down, scale: scale) as? Tensor<S>
  }
}
