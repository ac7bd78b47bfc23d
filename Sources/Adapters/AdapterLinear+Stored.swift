public import Quantization
public import QuantizedLayers
import Tensors

extension AdapterLinear: StoredLayer {
  /// W, if there is one.
  public var storedFormats: [(name: String, format: WeightFormat?)] { [("weight", weight?.format)] }
  /// Bytes of W.
  public var storedByteCounts: (weights: Int, projections: Int) { (weight?.byteCount ?? 0, 0) }

  /// Restores W; the factors are parameters.
  public func restore(from source: some StoredLayerSource) throws {
    restore(weight: try source.matrix("weight", [outputSize, inputSize], format: nil))
  }
}
