package import Quantization
import QuantizedLayers
package import TensorFiles
package import Tensors

/// A source of saved tensors: a file, or the files of a folder.
package protocol SavedTensors {
  /// The path of the file or folder, for errors.
  var path: String { get }
  /// The names of all tensors.
  var names: [String] { get }
  /// The entry of a tensor; nil if there is none with the name.
  func entry(named name: String) -> SafetensorsFile.Entry?
  /// A tensor of single precision.
  func tensor(named name: String, shape: Shape?) throws(TensorFileError) -> Tensor<Float>
  /// Reads a matrix from its parts.
  func matrix(named name: String, shape: Shape, format: WeightFormat)
    throws(TensorFileError) -> StoredMatrix
}

extension SafetensorsFile: SavedTensors {}
extension SafetensorsFolder: SavedTensors {}

/// The saved state of one layer, which records the names that have been read.
package final class SavedLayer: StoredLayerSource {
  /// What the file says about the format of a matrix.
  package enum Format {
    /// The matrix was saved in this format.
    case saved(WeightFormat)
    /// The layer had no such matrix.
    case absent
    /// The file does not say; the layer's own format is used.
    case unknown
  }

  private let name: String
  private let tensors: any SavedTensors
  private let format: (String) throws -> Format
  /// The names of tensors that have been read.
  package private(set) var read: Set<String> = []

  /// The saved state below a layer's name.
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
