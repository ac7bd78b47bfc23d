package import Quantization
import QuantizedLayers
package import TensorFiles
package import Tensors

/// Where saved tensors are: a file, or the files of a folder.
package protocol SavedTensors {
  /// Of the file or folder, for errors.
  var path: String { get }
  /// The names of all tensors.
  var names: [String] { get }
  /// What a header says of a tensor; nil where there is none of the name.
  func entry(named name: String) -> SafetensorsFile.Entry?
  /// A tensor of single precision.
  func tensor(named name: String, shape: Shape?) throws(TensorFileError) -> Tensor<Float>
  /// A matrix from its parts.
  func matrix(named name: String, shape: Shape, format: WeightFormat)
    throws(TensorFileError) -> StoredMatrix
}

extension SafetensorsFile: SavedTensors {}
extension SafetensorsFolder: SavedTensors {}

/// What is saved of one layer, and which of the names have been read.
package final class SavedLayer: StoredLayerSource {
  /// The format of a matrix that was saved, by its name below the layer's; nil where nothing is said of
  /// it.
  package enum Format {
    /// It was saved in this format.
    case saved(WeightFormat)
    /// The layer had none.
    case absent
    /// The file does not say: the layer knows.
    case unknown
  }

  private let name: String
  private let tensors: any SavedTensors
  private let format: (String) throws -> Format
  /// Names of tensors that belong to the layer.
  package private(set) var read: Set<String> = []

  /// The saved tensors below a layer's name.
  package init(
    name: String, in tensors: any SavedTensors, format: @escaping (String) throws -> Format
  ) {
    self.name = name
    self.tensors = tensors
    self.format = format
  }

  private func full(_ part: String) -> String { name.isEmpty ? part : name + "." + part }

  package func shape(of part: String) -> Shape? { tensors.entry(named: full(part))?.shape }

  package func tensor(_ part: String, _ shape: Shape) throws -> Tensor<Float> {
    read.insert(full(part))
    return try tensors.tensor(named: full(part), shape: shape)
  }

  package func matrix(_ part: String, _ shape: Shape, format own: WeightFormat?) throws
    -> StoredMatrix?
  {
    let format: WeightFormat?
    switch try self.format(part) {
    case .saved(let saved): format = saved
    case .absent: format = nil
    case .unknown: format = own
    }
    guard let format else { return nil }
    let matrix = full(part)
    read.insert(matrix)
    for part in format.partNames.bytes + format.partNames.floats {
      read.insert(matrix + "." + part)
    }
    return try tensors.matrix(named: matrix, shape: shape, format: format)
  }

  package func mismatch(_ part: String, found: String, expected: String) -> any Error {
    TensorFileError(
      .unsupported, file: tensors.path, field: "tensor '\(full(part))'", found: found,
      expected: expected)
  }
}
