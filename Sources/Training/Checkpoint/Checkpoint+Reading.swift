#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import Autodiff
internal import JSON
internal import LanguageModels
internal import Layers
internal import TensorFiles
internal import Tensors
internal import Tokenization

extension Checkpoint {
  /// Reads a folder that `write(to:)` made, or a plain Hugging Face Llama with a byte-level
  /// tokenizer.
  ///
  /// Throws a `TensorFileError`, or a `TokenizerError`, that names the file and what is wrong.
  public init(path: String) throws {
    try AtomicFolder.recover(at: path)
    let document = try JSONDocument(path: path + "/config.json")
    let configuration = try ModelFamily.configuration(document)
    let parameterisation = try StoredParameterisations.reading(document)
    let weights = try SafetensorsFolder(path: path)
    try Self.check(
      configuration, fits: weights, hasFactors: parameterisation is AdapterMatrices,
      file: document.file)
    if let dense = parameterisation as? DenseMatrices, dense.packed == nil {
      let model = configuration.makeModel(toRestoreUsing: .dense())
      let tensors = try PublishedTensors(of: configuration, in: weights)
      for (name, parameter) in model.namedParameters() {
        parameter.tensor = try tensors.tensor(named: name, shape: parameter.shape)
      }
      self.init(
        model: model, parameterisation: parameterisation,
        tokenizer: try BytePairTokenizer(contentsOf: URL(filePath: path)),
        record: try Self.record(path: path + "/training.json"))
      return
    }
    // Layers that the method did not apply to are dense, and so are their tensors.
    let key = type(of: parameterisation).checkpointKey
    let section = try key.flatMap { key throws(TensorFileError) -> JSONDocument? in
      guard case .object? = document.object[key] else { return nil }
      return try document.optionalDocument(key)
    }
    let held = try section?.optionalDocument("layers").map { Set($0.object.keys) }
    let others = configuration.linearNames.filter { name in
      held.map { held in !held.contains { $0.hasSuffix("." + name) } }
        ?? weights.names.contains { $0.hasSuffix(".\(name).weight") }
    }
    let builder = LayerBuilder(
      parameterisation.factory,
      exceptions: Dictionary(
        uniqueKeysWithValues: others.map { ($0, DenseLinearFactory() as any LinearFactory) }))
    let model = configuration.makeModel(toRestoreUsing: builder)

    var unread = Set(weights.names)
    try model.restoreLayers(from: weights, document, key: key, &unread)
    let restored = Set(weights.names).subtracting(unread)
    for (name, parameter) in model.namedParameters() where !restored.contains(name) {
      parameter.tensor = try weights.tensor(named: name, shape: parameter.shape)
      unread.remove(name)
    }
    if configuration.tiesEmbeddings { unread.remove("lm_head.weight") }
    if let name = unread.min() {
      throw TensorFileError(
        .unsupported, file: path, field: "tensor '\(name)'",
        found: "a tensor this model has no place for")
    }
    self.init(
      model: model, parameterisation: parameterisation,
      tokenizer: try BytePairTokenizer(contentsOf: URL(filePath: path)),
      record: try Self.record(path: path + "/training.json"))
  }

  /// Throws for sizes that the files cannot fill, before anything of these sizes is allocated.
  private static func check(
    _ configuration: any ModelConfiguration, fits weights: SafetensorsFolder, hasFactors: Bool,
    file: String
  ) throws(TensorFileError) {
    let names = weights.names
    let bytes = names.reduce(0) { $0 + (weights.entry(named: $1)?.byteRange.count ?? 0) }
    func fits() -> Bool {
      // Every block has at least one tensor.
      guard configuration.blockCount <= names.count, configuration.maxPositions <= 1 << 20 else {
        return false
      }
      let table = Double(configuration.vocabularySize) * Double(configuration.hiddenSize)
      let layers = configuration.linearShapes
      let elements = layers.reduce(table) { $0 + Double($1.out) * Double($1.in) }
      // No format takes fewer than four bits per element; two float factors have at least as many
      // elements as the sides of their product.
      let sides = layers.reduce(0.0) { $0 + Double($1.out) + Double($1.in) }
      return (hasFactors ? 4 * (sides / 2 + table) : elements / 2) <= Double(bytes)
    }
    guard fits() else {
      throw TensorFileError(
        .unsupported, file: file, found: "sizes beyond those of the tensors beside it",
        remedy: "Fetch or write the folder again")
    }
  }

  static func record(path: String) throws(TensorFileError) -> RunRecord? {
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return try decoder.decode(RunRecord.self, from: Data(contentsOf: URL(filePath: path)))
    } catch {
      throw TensorFileError(
        .malformed, file: path, found: "something else than the record of a run",
        remedy: "Delete the file if the record is not needed")
    }
  }
}
