import Autodiff
import Optimizers
import Quantization
import Tensors

/// y = x W_qᵀ + s (x downᵀ) upᵀ; inputs are x and B.
struct LoQTProduct: CustomOperation {
  let weight: StoredMatrix
  let projection: StoredMatrix
  let side: ProjectionSide
  let scale: Float

  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    let x = inputs[0].asRows()
    let b = inputs[1]
    precondition(
      x.shape[1] == weight.shape[1], "LoQTLinear: \(inputs[0].shape) does not fit \(weight.shape)")
    let tokens = x.shape[0]
    var y = Tensor<S>(unsafeUninitializedShape: [tokens, weight.shape[0]]) { _ in }
    y.addProductTransposed(x, stored: weight, keeping: 0)
    // z = x downᵀ [tokens, r]
    var z: Tensor<S>
    if side == .left {
      z = Tensor(unsafeUninitializedShape: [tokens, projection.shape[0]]) { _ in }
      z.addProductTransposed(x, stored: projection, keeping: 0)
      y.addProduct(z, b.transposed(), scale: S(scale))
    } else {
      z = matmul(x, b.transposed())
      y.addProductTransposed(z, stored: projection, scale: S(scale))
    }
    context.savedShapes = [inputs[0].shape]
    // For dB: z on the left side, x on the right; for dx: B. x also for the factors of dW.
    let wantsX = context.needsFactors || (side == .right && context.needsGradient[1])
    let wantsZ = side == .left && context.needsGradient[1]
    context.save(b, wantsX ? x : .empty, wantsZ ? z : .empty)
    return y.reshaped(to: inputs[0].shape.dropLast() + [weight.shape[0]])
  }

  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] {
    let d = gradient.asRows().contiguous()
    let (b, x, z) = (context.saved[0], context.saved[1], context.saved[2])
    if context.needsFactors { context.factors = (x, d) }
    let tokens = d.shape[0]
    // u = d up [tokens, r], the gradient on its way through the update, without s.
    var u: Tensor<S>
    if side == .left {
      u = matmul(d, b)
    } else {
      u = Tensor(unsafeUninitializedShape: [tokens, projection.shape[1]]) { _ in }
      u.addProduct(d, stored: projection, keeping: 0)
    }
    var dx: Tensor<S>?
    if context.needsGradient[0] {
      var sum = Tensor<S>(unsafeUninitializedShape: [tokens, weight.shape[1]]) { _ in }
      sum.addProduct(d, stored: weight, keeping: 0)
      if side == .left {
        sum.addProduct(u, stored: projection, scale: S(scale))
      } else {
        sum.addProduct(u, b, scale: S(scale))
      }
      dx = sum.reshaped(to: context.savedShapes[0])
    }
    var db: Tensor<S>?
    if context.needsGradient[1] {
      var share = Tensor<S>(unsafeUninitializedShape: b.shape) { _ in }
      if side == .left {
        share.addProduct(d.transposed(), z, scale: S(scale), keeping: 0)
      } else {
        share.addProduct(u.transposed(), x, scale: S(scale), keeping: 0)
      }
      db = share
    }
    return [dx, db]
  }
}
