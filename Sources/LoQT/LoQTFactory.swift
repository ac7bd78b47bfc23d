public import Layers
import Optimizers
public import Tensors

/// Makes the linear layers of LoQT.
public struct LoQTFactory: LinearFactory {
  /// The method's settings.
  public var configuration: LoQTConfiguration

  /// A factory of layers with these settings.
  public init(_ configuration: LoQTConfiguration) { self.configuration = configuration }

  /// Makes a `LoQTLinear`.
  public func makeLinear(
    weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
  ) -> any LinearLayer {
    LoQTLinear(weight: weight, bias: bias, configuration: configuration, random: random)
  }

  /// Makes a `LoQTLinear` that reads its matrix at each use until its first merge.
  public func makeLinear(reading weight: DeferredTensor, bias: Tensor<Float>?, random: RandomSource)
    -> any LinearLayer
  {
    LoQTLinear(reading: weight, bias: bias, configuration: configuration, random: random)
  }
}

extension LayerBuilder {
  /// LoQT layers of rank r and scale s with NF4 matrices.
  public static func loqt(rank: Int, scale: Float = 0.5, seed: UInt64 = 0) -> LayerBuilder {
    LayerBuilder(LoQTFactory(LoQTConfiguration(rank: .count(rank), scale: scale)), seed: seed)
  }
}
