import Autodiff
import Layers
import LoQT
import Optimizers
import Quantization
import Tensors
import TestSupport

/// mean((y - target)²) over all elements.
func meanSquaredError(_ y: Variable, _ target: Tensor<Float>) -> Variable {
  square(y - Variable(target)).mean()
}

/// A module of a single LoQT layer.
struct SingleLayer: Module {
  let layer: LoQTLinear
}

/// `nf4_double`, `nf4` or `float` of the fixtures.
func weightFormat(_ name: String) -> WeightFormat {
  switch name {
  case "nf4_double": .nf4()
  case "nf4": .nf4(doubleQuantized: false)
  default: .float32
  }
}

extension StoredMatrix {
  /// The packed codes; nil for a dense matrix.
  var codes: Tensor<UInt8>? { parts.bytes["codes"] }
}

func gaussian(_ shape: Shape, seed: UInt64, deviation: Float = 1) -> Tensor<Float> {
  var source = RandomSource(seed: seed)
  return .normal(shape, standardDeviation: deviation, using: &source)
}

/// Orthonormal columns spanning random directions.
func orthonormal(_ size: Int, _ rank: Int, seed: UInt64) throws -> Tensor<Float> {
  try qr(gaussian([size, rank], seed: seed)).q
}
