internal import Autodiff
internal import JSON
internal import LanguageModels
internal import Layers
internal import Methods
internal import ModelFiles
internal import Quantization
internal import QuantizedLayers
internal import TensorFiles
internal import Tensors

/// The tensors of a checkpoint whose linear layers are held by a method: as they are held, or as the dense
/// matrices that they amount to, one layer in memory at a time.
struct StoredWeights: ModelTensors {
  let folder: SafetensorsFolder
  private let configuration: any ModelConfiguration
  private let parameterisation: any Parameterisation
  /// What `config.json` says of the formats of the layers; nil in early checkpoints.
  private let formats: JSONDocument?
  private let shapes: [String: Shape]

  /// The tensors of a folder.
  ///
  /// - Parameters:
  ///   - folder: The files.
  ///   - document: The `config.json`.
  ///   - configuration: Of the model.
  ///   - parameterisation: How its layers are held.
  init(
    _ folder: SafetensorsFolder, _ document: JSONDocument, _ configuration: any ModelConfiguration,
    _ parameterisation: any Parameterisation
  ) throws(TensorFileError) {
    self.folder = folder
    self.configuration = configuration
    self.parameterisation = parameterisation
    if let key = type(of: parameterisation).checkpointKey,
      case .object? = document.object[key],
      let section = try document.optionalDocument(key)
    {
      formats = try section.optionalDocument("layers")
    } else {
      formats = nil
    }
    shapes = Dictionary(
      configuration.tensorShapes.map { ($0.name, $0.shape) },
      uniquingKeysWith: { first, _ in first })
  }

  // MARK: As held

  /// A model of layers as they are held.
  func makeModel() throws -> any Module {
    // Layers that the method did not hold are dense, and so are their tensors.
    let held = formats.map { Set($0.object.keys) }
    let others = configuration.linearNames.filter { name in
      held.map { held in !held.contains { configuration.linearName(ofLayer: $0) == name } }
        ?? folder.names.contains { $0.hasSuffix(".\(name).weight") }
    }
    let builder = LayerBuilder(
      parameterisation.factory,
      exceptions: Dictionary(
        uniqueKeysWithValues: others.map { ($0, DenseLinearFactory() as any LinearFactory) }))
    let model = configuration.makeModule(toRestoreUsing: builder)
    try restore(model)
    return model
  }

  /// Puts all tensors into a model with the same layers.
  func restore(_ model: any Module) throws {
    var unread = Set(folder.names)
    for (name, layer) in model.storedLayers { unread.subtract(try restore(layer, named: name)) }
    let restored = Set(folder.names).subtracting(unread)
    for (name, parameter) in model.namedParameters() where !restored.contains(name) {
      parameter.tensor = try folder.tensor(named: name, shape: parameter.shape)
      unread.remove(name)
    }
    if configuration.tiesEmbeddings { unread.remove("lm_head.weight") }
    if let name = unread.min() {
      throw TensorFileError(
        .unsupported, file: folder.path, field: "tensor '\(name)'",
        found: "a tensor this model has no place for")
    }
  }

  /// Fills a layer that holds more than parameters. Returns the names of the tensors that were read.
  private func restore(_ layer: any StoredLayer, named name: String) throws -> Set<String> {
    var entry: JSONDocument?
    if let formats {
      entry = try formats.optionalDocument(name)
      if entry == nil {
        throw TensorFileError(
          .missing, file: formats.file, field: "'\(name)'", found: "no such layer",
          expected: "the formats of its matrices")
      }
    }
    let source = SavedLayer(name: name, in: folder) { part in
      guard let entry else { return .unknown }
      guard try entry.optionalString(part) != nil else { return .absent }
      return .saved(try WeightFormat(entry, part))
    }
    try layer.restore(from: source)
    return source.read
  }

  /// One linear layer as it is held, without its bias; nil where the method does not hold it.
  func layer(named name: String) throws(TensorFileError) -> (any LinearLayer)? {
    let weight = name + ".weight"
    guard let shape = shapes[weight], shape.rank == 2, isHeld(name) else { return nil }
    let layer = parameterisation.factory.makeLinear(
      reading: DeferredTensor(shape: shape) { .zeros(shape) }, bias: nil,
      random: RandomSource(seed: 0))
    do {
      var read: Set<String> = []
      if let stored = layer as? any StoredLayer { read = try restore(stored, named: name) }
      for (part, parameter) in layer.namedParameters() where !read.contains(name + "." + part) {
        parameter.tensor = try folder.tensor(named: name + "." + part, shape: parameter.shape)
      }
    } catch {
      throw error as? TensorFileError
        ?? TensorFileError(
          .malformed, file: folder.path, field: "layer '\(name)'", found: "\(error)")
    }
    return layer
  }

  private func isHeld(_ name: String) -> Bool {
    if let formats { return formats.object[name] != nil }
    return folder.entry(named: name + ".weight") == nil
  }

  // MARK: As dense matrices

  func tensor(named name: String, shape: Shape) throws(TensorFileError) -> Tensor<Float> {
    if name.hasSuffix(".weight"),
      let layer = try layer(named: String(name.dropLast(".weight".count)))
    {
      let value = layer.effectiveWeight()
      guard value.shape == shape else {
        throw TensorFileError(
          .typeMismatch, file: folder.path, field: "tensor '\(name)' shape",
          found: "\(value.shape)", expected: "\(shape)")
      }
      return value
    }
    return try folder.tensor(named: name, shape: shape)
  }
}
