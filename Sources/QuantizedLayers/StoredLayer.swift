public import Quantization
public import Tensors

/// A layer with matrices that are no parameters: what must be known of it, beside its parameters, to save
/// it and to put it back.
public protocol StoredLayer: AnyObject {
  /// The matrices, by their names below the layer's own, with their formats at present; nil for one that
  /// is not there now.
  var storedFormats: [(name: String, format: WeightFormat?)] { get }
  /// Bytes of the matrices that are held.
  var storedByteCounts: (weights: Int, projections: Int) { get }

  /// Puts back what `source` has saved of the layer: its matrices, and parameters whose shapes these
  /// decide. Throws what `source` throws, and where the saved state does not fit the layer.
  func restore(from source: some StoredLayerSource) throws
}

/// What is saved of a layer, by names below the layer's own.
public protocol StoredLayerSource {
  /// The shape of a tensor; nil where there is none of the name.
  func shape(of name: String) -> Shape?
  /// A tensor of single precision. Throws where there is none of the name and shape.
  func tensor(_ name: String, _ shape: Shape) throws -> Tensor<Float>
  /// A matrix in the format that was saved for it, or in `format` where none was; nil where the layer had
  /// none of the name. Throws where its parts are not there or do not fit.
  func matrix(_ name: String, _ shape: Shape, format: WeightFormat?) throws -> StoredMatrix?
  /// The error of a saved tensor that does not fit the layer.
  func mismatch(_ name: String, found: String, expected: String) -> any Error
}
