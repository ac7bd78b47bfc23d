// Defines an operation with its gradient, checked against finite differences.
import Autodiff
import Tensors

/// log(1 + exp(x)), elementwise.
struct Softplus: CustomOperation {
  func forward<S: RealScalar>(_ inputs: [Tensor<S>], _ context: inout OperationContext<S>)
    -> Tensor<S>
  {
    context.save(inputs[0])
    // max(x, 0) + log(1 + exp(-|x|)) does not overflow.
    return maximum(inputs[0], Tensor(0)) + log(exp(-abs(inputs[0])) + 1)
  }

  func backward<S: RealScalar>(
    _ gradient: consuming Tensor<S>, _ context: inout OperationContext<S>
  ) -> [Tensor<S>?] { [gradient * sigmoid(context.saved[0])] }
}

var source = RandomSource(seed: 2)
let x = Parameter(.normal([4, 3], using: &source), name: "x")
let weights = Tensor<Float>.normal([4, 3], using: &source)
let loss = { (Softplus()(Variable(x)) * Variable(weights)).sum() }

let (value, gradients) = valueAndGradients(of: loss())
print("value", value)
print("gradient", gradients[x]!)
let step: Float = 1e-2
let start = x.tensor
x.tensor = start + step
let above = loss().scalar
x.tensor = start - step
let below = loss().scalar
print("along all ones", gradients[x]!.sum(), "by differences", (above - below) / Double(2 * step))
