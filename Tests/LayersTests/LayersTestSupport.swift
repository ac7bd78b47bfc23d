import Autodiff
import Layers
import Tensors
import Testing

/// Standard normal numbers from a seed.
func normal(_ shape: Shape, seed: UInt64) -> Tensor<Float> {
  var source = RandomSource(seed: seed)
  return .normal(shape, using: &source)
}

/// Checks the gradients of `apply` for the layer's parameters and its input at normal numbers, with a
/// fixed random weighting of the output.
func expectGradients<M: Module>(
  of layer: M, at shape: Shape, sourceLocation: SourceLocation = #_sourceLocation,
  _ apply: (M, Variable) -> Variable
) {
  layer.nameParameters()
  let x = Parameter(normal(shape, seed: 1), name: "x")
  for (index, parameter) in layer.parameters.enumerated() {
    // Away from the layers' initial ones and zeros.
    let step = normal(parameter.shape, seed: UInt64(index) + 10)
    parameter.tensor = parameter.tensor + step * 0.3
  }
  let report = checkGradients(of: layer.parameters + [x]) {
    let y = apply(layer, Variable(x))
    return (y * Variable(normal(y.shape, seed: 2))).sum()
  }
  #expect(report.passed, "\(shape): \(report.failures.prefix(3))", sourceLocation: sourceLocation)
}
