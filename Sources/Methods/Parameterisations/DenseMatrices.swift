public import JSON
public import Layers
public import Quantization
internal import QuantizedLayers
public import TensorFiles

/// Dense matrices, or stochastically rounded packed ones, updated by their full gradient.
public struct DenseMatrices: Parameterisation {
  /// The format of packed matrices; nil for dense ones.
  public var packed: WeightFormat?

  /// Dense matrices, or packed ones.
  public init(packed: WeightFormat? = nil) { self.packed = packed }

  /// The factory of dense or packed layers.
  public var factory: any LinearFactory {
    packed.map { PackedLinearFactory(format: $0) } ?? DenseLinearFactory()
  }

  /// The format of packed matrices.
  public var packing: WeightFormat? { packed }

  /// The format of packed matrices.
  public var settings: [(String, String)] { packed.map { [("matrices", "\($0)")] } ?? [] }

  /// The cost of the matrix, its moments and its gradient.
  public func cost(of layer: LinearShape, in step: StepShape) -> LayerCost {
    .whole(layer, packed: packed, in: step)
  }

  /// The product of W's gradient.
  public func products(of layer: LinearShape, tokens: Int, forwardPasses: Int) -> [MatrixProduct] {
    [MatrixProduct(layer.out, tokens, layer.in)]
  }

  /// `packed`, the name of the format.
  public static var checkpointKey: String? { "packed" }

  /// The name of the format; null for dense matrices.
  public var checkpointSection: JSONValue { packed.map { .string($0.name) } ?? .null }

  /// Reads the format of packed matrices.
  public static func reading(_ document: JSONDocument) throws(TensorFileError)
    -> any Parameterisation
  { DenseMatrices(packed: try WeightFormat(document, "packed")) }
}

extension Parameterisation where Self == DenseMatrices {
  /// Dense matrices, or stochastically rounded packed ones, updated by their full gradient.
  public static func dense(packed: WeightFormat? = nil) -> Self { DenseMatrices(packed: packed) }
}
