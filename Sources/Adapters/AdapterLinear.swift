public import Autodiff
public import Layers
import Optimizers
public import Quantization
public import QuantizedLayers
public import Tensors

/// A linear layer with a low-rank adapter, y = x Wᵀ + s (x downᵀ) upᵀ, with both factors trained.
public final class AdapterLinear: PackedProductLayer {
  /// How the matrix is held.
  public let configuration: AdapterConfiguration
  /// Size of the last axis of the input.
  public let inputSize: Int
  /// Size of the last axis of the output.
  public let outputSize: Int
  /// The rank r, by the configuration's rule.
  public let rank: Int
  /// The frozen W `[out, in]`; nil if there are only factors.
  public internal(set) var weight: StoredMatrix? {
    didSet { weight?.count(as: .weights) }
  }
  /// `[out, r]`.
  public let up: Parameter
  /// `[r, in]`.
  public let down: Parameter
  /// `[out]`.
  public let bias: Parameter?
  /// What x Wᵀ and d W are computed in while W is packed.
  public var arithmetic = Arithmetic.float

  /// The dotted name within the model, for reports.
  var name = ""
  let random: RandomSource

  /// A layer that starts at W `[out, in]`, or as close to it as the configuration allows. Traps if the
  /// shapes do not fit.
  ///
  /// - Parameters:
  ///   - weight: W.
  ///   - bias: `[out]`; nil for none.
  ///   - configuration: How the layer holds W and initialises its factors.
  ///   - random: The source of the factors' initial values.
  public init(
    weight: consuming Tensor<Float>, bias: Tensor<Float>? = nil,
    configuration: AdapterConfiguration, random: RandomSource
  ) {
    precondition(weight.rank == 2, "AdapterLinear: weight \(weight.shape) is not a matrix")
    let (out, input) = (weight.shape[0], weight.shape[1])
    if let bias {
      precondition(
        bias.shape == [out], "AdapterLinear: bias \(bias.shape) does not fit weight \(weight.shape)"
      )
    }
    self.configuration = configuration
    self.random = random
    inputSize = input
    outputSize = out
    rank = configuration.rank.largest(out: out, in: input)
    let start = AdapterStart(of: weight, configuration, rank: rank, random: random)
    self.weight = start.weight
    up = Parameter(start.up)
    down = Parameter(start.down)
    up.memoryKind = .adapters
    down.memoryKind = .adapters
    self.bias = bias.map { Parameter($0) }
    self.weight?.count(as: .weights)
  }

  /// The scale s; 1 if there are only factors.
  public var scale: Float { weight == nil ? 1 : configuration.scale }

  /// y for x `[..., in]`. Traps when the last axis of x is not `inputSize`.
  public func callAsFunction(_ x: Variable) -> Variable {
    let product = LowRankProduct(
      weight: weight, up: .trained, down: .trained, scale: scale, arithmetic: arithmetic)
    let y = product(x, Variable(up), Variable(down))
    return bias.map { y + Variable($0) } ?? y
  }

  /// W + s up down in full precision.
  public func effectiveWeight() -> Tensor<Float> {
    var result = weight?.dequantized() ?? .zeros([outputSize, inputSize])
    result.addProduct(up.tensor, down.tensor, scale: scale)
    return result
  }

  /// The packed parts of W, the factors and the bias.
  public var members: [ModuleMember] {
    (weight?.members(named: "weight") ?? [])
      + [ModuleMember("up", up), ModuleMember("down", down)]
      + (bias.map { [ModuleMember("bias", $0)] } ?? [])
  }

  /// Restores a saved matrix, or none; the factors are parameters. Traps if it does not fit.
  public func restore(weight: StoredMatrix?) {
    precondition(
      weight.map { $0.shape == [outputSize, inputSize] } ?? true,
      "AdapterLinear.restore: the state does not fit a layer [\(outputSize), \(inputSize)]")
    self.weight = weight
  }
}

/// Makes linear layers with low-rank adapters.
public struct AdapterFactory: LinearFactory {
  /// How the matrices are held.
  public var configuration: AdapterConfiguration

  /// A factory of layers with these settings.
  public init(_ configuration: AdapterConfiguration) { self.configuration = configuration }

  /// Makes an `AdapterLinear`.
  public func makeLinear(
    weight: consuming Tensor<Float>, bias: Tensor<Float>?, random: RandomSource
  ) -> any LinearLayer {
    AdapterLinear(weight: weight, bias: bias, configuration: configuration, random: random)
  }
}
