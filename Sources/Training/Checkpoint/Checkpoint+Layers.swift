internal import JSON
internal import Layers
internal import ModelFiles
internal import Quantization
internal import QuantizedLayers
internal import TensorFiles

extension Module {
  /// Fills the layers that hold more than parameters from a checkpoint; what was read is taken off
  /// `unread`.
  ///
  /// - Parameters:
  ///   - weights: The tensors of the checkpoint.
  ///   - document: The `config.json`.
  ///   - key: Its member with the formats of the layers' matrices.
  ///   - unread: Names of tensors that nothing has read yet.
  func restoreLayers(
    from weights: SafetensorsFolder, _ document: JSONDocument, key: String?,
    _ unread: inout Set<String>
  ) throws {
    let formats = try key.flatMap { key throws(TensorFileError) -> JSONDocument? in
      guard case .object? = document.object[key] else { return nil }
      return try document.optionalDocument(key)
    }
    for (name, layer) in storedLayers {
      var entry: JSONDocument?
      if let formats {
        entry = try formats.optionalDocument("layers")?.optionalDocument(name)
        if entry == nil {
          throw TensorFileError(
            .missing, file: formats.file, field: "\(key ?? "").layers['\(name)']",
            found: "no such layer", expected: "the formats of its matrices")
        }
      }
      let source = SavedLayer(name: name, in: weights) { part in
        guard let entry else { return .unknown }
        guard try entry.optionalString(part) != nil else { return .absent }
        return .saved(try WeightFormat(entry, part))
      }
      try layer.restore(from: source)
      unread.subtract(source.read)
    }
  }
}
