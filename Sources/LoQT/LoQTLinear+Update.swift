import Autodiff
import Optimizers
import Quantization
public import QuantizedLayers
public import Tensors

extension LoQTLinear: LowRankUpdatedLayer {
  /// W in full precision.
  public func frozenWeight() -> Tensor<Float>? { weight.dequantized() }

  /// s P B, with the values of P as it is packed; nil before the first merge.
  public var lowRankUpdate: LowRankUpdate? {
    guard let p = projection?.dequantized() else { return nil }
    return LowRankUpdate(
      up: side == .left ? factor.tensor : p, down: side == .left ? p : factor.tensor,
      scale: configuration.scale)
  }
}
