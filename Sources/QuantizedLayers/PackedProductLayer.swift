public import Layers
public import Quantization
import Tensors

/// A layer that multiplies by a packed matrix, in floats or in 8-bit integers.
public protocol PackedProductLayer: LinearLayer, AnyObject {
  /// What x Wᵀ and d W are computed in while W is packed. All else, such as a low-rank update, is
  /// computed in floats.
  var arithmetic: Arithmetic { get set }
}

extension LinearFactory {
  /// This factory, with the products of all its layers with packed matrices in `arithmetic`.
  public func computing(in arithmetic: Arithmetic) -> any LinearFactory {
    arithmetic == .float ? self : ArithmeticFactory(base: self, arithmetic: arithmetic)
  }
}

private struct ArithmeticFactory: LinearFactory {
  let base: any LinearFactory
  let arithmetic: Arithmetic

  func makeLinear(
    weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
  ) -> any LinearLayer {
    set(base.makeLinear(weight: weight, bias: bias, random: random))
  }

  func makeLinear(reading weight: DeferredTensor, bias: Tensor<Float>?, random: RandomSource)
    -> any LinearLayer
  { set(base.makeLinear(reading: weight, bias: bias, random: random)) }

  private func set(_ layer: any LinearLayer) -> any LinearLayer {
    (layer as? any PackedProductLayer)?.arithmetic = arithmetic
    return layer
  }
}
