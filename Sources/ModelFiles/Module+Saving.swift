public import Layers
internal import Autodiff
internal import Quantization
package import QuantizedLayers
public import TensorFiles
internal import Tensors

extension Module {
  /// All parameters and other tensors of the module's state, each once, under their dotted names.
  package var sources: [SafetensorsFile.Source] {
    var sources: [SafetensorsFile.Source] = []
    for (name, parameter) in namedParameters() {
      // Made only when written, since parameters held in 16 bits are widened for writing.
      sources.append(
        SafetensorsFile.Source(
          name, shape: parameter.shape, as: parameter.storage == .bfloat16 ? .bf16 : .f32
        ) { parameter.tensor })
    }
    walk { name, content in
      guard case .state(let tensor) = content else { return }
      switch tensor {
      case .float(let tensor): sources.append(SafetensorsFile.Source(name, tensor))
      case .bytes(let tensor): sources.append(SafetensorsFile.Source(name, tensor))
      case .integers(let tensor): sources.append(SafetensorsFile.Source(name, tensor))
      case .deferred(let tensor):
        sources.append(SafetensorsFile.Source(name, shape: tensor.shape) { tensor.tensor() })
      }
    }
    return sources
  }

  /// The layers that hold more than parameters, or the module itself if it is one.
  package var storedLayers: [(name: String, layer: any StoredLayer)] {
    if let layer = self as? any StoredLayer { return [("", layer)] }
    return modules(ofType: (any StoredLayer).self).map { ($0.name, $0.module) }
  }

  /// Writes the complete state of the module to one safetensors file: parameters, packed matrices with their
  /// formats, projections. The file appears only when complete. `load(from:)` reads it.
  ///
  /// The metadata hold the format of each packed matrix under its name, such as `nf4-64-double`. Optimizer
  /// state is not part of a module; `Checkpoint` saves a run.
  public func save(to path: String) throws(TensorFileError) {
    var metadata = ["format": "pt"]
    for (name, layer) in storedLayers {
      for (part, format) in layer.storedFormats {
        guard let format else { continue }
        metadata[name.isEmpty ? part : name + "." + part] = format.name
      }
    }
    try SafetensorsFile.write(sources, metadata: metadata, to: path)
  }

  /// Restores what `save(to:)` wrote of a module with the same layers.
  ///
  /// Throws a `TensorFileError`, or whatever a layer throws, that names a tensor that is missing, has the
  /// wrong shape, or has no place in the module; part of the module may have been restored by then.
  public func load(from path: String) throws {
    let file = try SafetensorsFile(path: path)
    var unread = Set(file.names)
    var restored: Set<String> = []
    for (name, layer) in storedLayers {
      let source = SavedLayer(name: name, in: file) { part in
        let key = name.isEmpty ? part : name + "." + part
        guard let text = file.metadata[key] else { return .absent }
        guard let format = WeightFormat(name: text) else {
          throw TensorFileError(
            .malformed, file: path, field: "metadata '\(key)'", found: "'\(text)'",
            expected: "the name of a format, such as 'nf4-64-double'")
        }
        return .saved(format)
      }
      try layer.restore(from: source)
      restored.formUnion(source.read)
    }
    unread.subtract(restored)
    for (name, parameter) in namedParameters() where !restored.contains(name) {
      guard file.entry(named: name) != nil else {
        throw TensorFileError(
          .missing, file: path, field: "tensor '\(name)'", found: "no such tensor",
          expected: "\(parameter.shape)", remedy: "Load it into a model with the same layers")
      }
      parameter.tensor = try file.tensor(named: name, shape: parameter.shape)
      unread.remove(name)
    }
    var states: Set<String> = []
    walk { name, content in if case .state = content { states.insert(name) } }
    if let name = unread.min() {
      throw TensorFileError(
        .unsupported, file: path, field: "tensor '\(name)'",
        found: states.contains(name)
          ? "the state of a layer that cannot restore it"
          : "a tensor this model has no place for",
        remedy: states.contains(name)
          ? "Conform the layer to StoredLayer" : "Load it into a model with the same layers")
    }
  }
}
