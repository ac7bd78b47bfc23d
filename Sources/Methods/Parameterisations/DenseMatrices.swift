public import JSON
public import Layers
public import Quantization
internal import QuantizedLayers
public import TensorFiles

/// Dense matrices, or packed ones that are rounded at random, moved by their whole gradient.
public struct DenseMatrices: Parameterisation {
  /// How the matrices are packed; nil for dense ones.
  public var packed: WeightFormat?

  /// Dense matrices, or packed ones.
  public init(packed: WeightFormat? = nil) { self.packed = packed }

  /// Dense or packed layers.
  public var factory: any LinearFactory {
    packed.map { PackedLinearFactory(format: $0) } ?? DenseLinearFactory()
  }

  /// The format of packed matrices.
  public var settings: [(String, String)] { packed.map { [("matrices", "\($0)")] } ?? [] }

  /// The matrix, its moments and its gradient.
  public func cost(of layer: LinearShape, in step: StepShape) -> LayerCost {
    .whole(layer, packed: packed, in: step)
  }

  /// The gradient of W.
  public func products(of layer: LinearShape, tokens: Int, forwardPasses: Int) -> [MatrixProduct] {
    [MatrixProduct(layer.out, tokens, layer.in)]
  }

  /// `packed`, the name of the format.
  public static var checkpointKey: String? { "packed" }

  /// The name of the format; null for dense matrices.
  public var checkpointSection: JSONValue { packed.map { .string($0.name) } ?? .null }

  /// Packed matrices.
  public static func reading(_ document: JSONDocument) throws(TensorFileError)
    -> any Parameterisation
  { DenseMatrices(packed: try WeightFormat(document, "packed")) }
}

extension Parameterisation where Self == DenseMatrices {
  /// Dense matrices, or packed ones that are rounded at random, moved by their whole gradient.
  public static func dense(packed: WeightFormat? = nil) -> Self { DenseMatrices(packed: packed) }
}
