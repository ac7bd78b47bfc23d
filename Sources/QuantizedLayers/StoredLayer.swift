public import Quantization
public import Tensors

/// A layer with matrices that are not parameters, and what is needed besides its parameters to save and
/// restore it.
public protocol StoredLayer: AnyObject {
  /// The matrices by their names below the layer's own, with their present formats; nil for a matrix that
  /// does not exist at present.
  var storedFormats: [(name: String, format: WeightFormat?)] { get }
  /// Bytes of the held matrices.
  var storedByteCounts: (weights: Int, projections: Int) { get }

  /// Restores from `source` the layer's matrices, and the parameters whose shapes depend on them. Throws
  /// whatever `source` throws, and if the saved state does not fit the layer.
  func restore(from source: some StoredLayerSource) throws
}

/// The saved state of a layer, by names below the layer's own.
public protocol StoredLayerSource {
  /// The shape of a tensor; nil if there is none with the name.
  func shape(of name: String) -> Shape?
  /// A tensor of single precision. Throws if there is none with the name and shape.
  func tensor(_ name: String, _ shape: Shape) throws -> Tensor<Float>
  /// A matrix in its saved format, or in `format` if none was saved; nil if the layer had no such matrix.
  /// Throws if its parts are missing or do not fit.
  func matrix(_ name: String, _ shape: Shape, format: WeightFormat?) throws -> StoredMatrix?
  /// The error for a saved tensor that does not fit the layer.
  func mismatch(_ name: String, found: String, expected: String) -> any Error
}
