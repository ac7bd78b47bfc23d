import Autodiff
import Optimizers
import TestSupport
import Tensors

/// Normal numbers from a seed.
func gaussian(_ shape: Shape, seed: UInt64) -> Tensor<Float> {
  var source = RandomSource(seed: seed)
  return .normal(shape, using: &source)
}

extension Optimizer {
  /// Updates `parameter` with the given gradients in order, the first at step `start`.
  func run(_ parameter: Parameter, _ gradients: [Tensor<Float>], from start: Int = 0) {
    for (index, gradient) in gradients.enumerated() {
      update(parameter, gradient, step: start + index, gradientScale: 1)
    }
  }
}

extension Parameter {
  /// The address of its elements.
  var address: UInt { tensor.withUnsafeBuffer { UInt(bitPattern: $0.baseAddress) } }
}
