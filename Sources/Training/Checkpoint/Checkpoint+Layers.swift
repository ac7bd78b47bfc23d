internal import JSON
internal import Layers
internal import Quantization
internal import QuantizedLayers
internal import TensorFiles
internal import Tensors

extension Module {
  /// Fills the layers that hold more than parameters from a checkpoint; what was read is taken off
  /// `unread`.
  ///
  /// - Parameters:
  ///   - document: The `config.json`.
  ///   - key: Its member with the formats of the layers' matrices.
  func restoreLayers(
    from weights: SafetensorsFolder, _ document: JSONDocument, key: String?,
    _ unread: inout Set<String>
  ) throws {
    let formats = try key.flatMap { key throws(TensorFileError) -> JSONDocument? in
      guard case .object? = document.object[key] else { return nil }
      return try document.optionalDocument(key)
    }
    for (name, layer) in modules(ofType: (any StoredLayer).self) {
      var entry: JSONDocument?
      if let formats {
        entry = try formats.optionalDocument("layers")?.optionalDocument(name)
        if entry == nil {
          throw TensorFileError(
            .missing, file: formats.file, field: "\(key ?? "").layers['\(name)']",
            found: "no such layer", expected: "the formats of its matrices")
        }
      }
      let source = CheckpointLayer(name: name, weights: weights, formats: entry)
      try layer.restore(from: source)
      unread.subtract(source.read)
    }
  }
}

/// What a checkpoint has of a layer.
private final class CheckpointLayer: StoredLayerSource {
  let name: String
  let weights: SafetensorsFolder
  let formats: JSONDocument?
  private(set) var read: Set<String> = []

  init(name: String, weights: SafetensorsFolder, formats: JSONDocument?) {
    self.name = name
    self.weights = weights
    self.formats = formats
  }

  func shape(of part: String) -> Shape? { weights.entry(named: name + "." + part)?.shape }

  func tensor(_ part: String, _ shape: Shape) throws -> Tensor<Float> {
    read.insert(name + "." + part)
    return try weights.tensor(named: name + "." + part, shape: shape)
  }

  func matrix(_ part: String, _ shape: Shape, format: WeightFormat?) throws -> StoredMatrix? {
    var format = format
    if let formats {
      guard try formats.optionalString(part) != nil else { return nil }
      format = try WeightFormat(formats, part)
    }
    guard let format else { return nil }
    let matrix = name + "." + part
    read.insert(matrix)
    for part in format.partNames.bytes + format.partNames.floats {
      read.insert(matrix + "." + part)
    }
    return try weights.matrix(named: matrix, shape: shape, format: format)
  }

  func mismatch(_ part: String, found: String, expected: String) -> any Error {
    TensorFileError(
      .unsupported, file: weights.path, field: "tensor '\(name).\(part)'", found: found,
      expected: expected)
  }
}
