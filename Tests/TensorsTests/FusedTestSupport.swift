import Tensors

/// Standard normal numbers of a seed.
func normal(_ shape: Shape, seed: UInt64) -> Tensor<Double> {
  var source = RandomSource(seed: seed)
  return .normal(shape, using: &source)
}

/// Whether |a - b| <= absolute + relative * |b| for every element, and the shapes are equal.
func close(
  _ a: Tensor<Double>, _ b: Tensor<Double>, absolute: Double, relative: Double = 0
) -> Bool {
  a.shape == b.shape
    && zip(a.scalars, b.scalars).allSatisfy {
      Swift.abs($0 - $1) <= absolute + relative * Swift.abs($1)
    }
}

/// The gradient of `function` at `x` by central differences with steps of 1e-6: an error of about
/// 1e-10 for functions and arguments of size 1 in double.
func numericalGradient(
  at x: Tensor<Double>, of function: (Tensor<Double>) -> Double
) -> Tensor<Double> {
  let values = x.scalars
  let step = 1e-6
  let differences = values.indices.map { i in
    var moved = values
    moved[i] = values[i] + step
    let above = function(Tensor(moved, shape: x.shape))
    moved[i] = values[i] - step
    return (above - function(Tensor(moved, shape: x.shape))) / (2 * step)
  }
  return Tensor(differences, shape: x.shape)
}

/// `numericalGradient` along one direction: all that large arguments allow in reasonable time.
func numericalDerivative(
  at x: Tensor<Double>, along direction: Tensor<Double>, of function: (Tensor<Double>) -> Double
) -> Double {
  let step = 1e-6
  return (function(x + direction * step) - function(x - direction * step)) / (2 * step)
}

/// Where the elements lie, to see whether a result took over its argument's storage.
func address<Scalar: TensorScalar>(of tensor: Tensor<Scalar>) -> Int {
  tensor.withUnsafeBuffer { Int(bitPattern: $0.baseAddress) }
}
