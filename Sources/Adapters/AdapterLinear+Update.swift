import Autodiff
import Quantization
public import QuantizedLayers
public import Tensors

extension AdapterLinear: LowRankUpdatedLayer {
  /// W in full precision; nil where the factors stand alone.
  public func frozenWeight() -> Tensor<Float>? { weight?.dequantized() }
  /// s up down.
  public var lowRankUpdate: LowRankUpdate? {
    LowRankUpdate(up: up.tensor, down: down.tensor, scale: scale)
  }
}
