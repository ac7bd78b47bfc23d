internal import JSON
internal import Layers
internal import ModelFiles
internal import Quantization
internal import QuantizedLayers
internal import TensorFiles

extension Module {
  /// Restores the layers that hold more than parameters from a checkpoint, and removes what was read
  /// from `unread`.
  ///
  /// - Parameters:
  ///   - weights: The tensors of the checkpoint.
  ///   - document: The `config.json`.
  ///   - key: The member of `config.json` with the formats of the layers' matrices.
  ///   - unread: Names of tensors not read yet.
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
