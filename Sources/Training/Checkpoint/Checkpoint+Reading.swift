#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import Autodiff
internal import LanguageModels
internal import Layers
internal import LoQT
internal import Optimizers
internal import Quantization
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
    let configuration = try LlamaConfiguration(document)
    let section = try document.optionalDocument("loqt")
    let loqt: LoQTConfiguration? =
      if let section { try LoQTConfiguration(section) } else { nil }
    let weights = try SafetensorsFolder(path: path)
    try Self.check(configuration, fits: weights, file: document.file)
    let factory: any LinearFactory = loqt.map { LoQTFactory($0) } ?? DenseLinearFactory()
    let model = Llama(configuration, using: LayerBuilder(factory))

    var unread = Set(weights.names)
    let formats = try section?.optionalDocument("layers")
    var factors: Set<ObjectIdentifier> = []
    for (name, layer) in model.modules(ofType: LoQTLinear.self) {
      factors.insert(ObjectIdentifier(layer.factor))
      guard let entry = try formats?.optionalDocument(name) else {
        throw TensorFileError(
          .missing, file: document.file, field: "loqt.layers['\(name)']", found: "no such layer",
          expected: "the formats of its matrices")
      }
      var projection: StoredMatrix?
      if try entry.optionalString("projection") != nil {
        projection = try weights.matrix(
          name + ".projection",
          layer.side == .left ? [layer.rank, layer.inputSize] : [layer.outputSize, layer.rank],
          WeightFormat(entry, "projection"), &unread)
      }
      try layer.restore(
        weight: weights.matrix(
          name + ".weight", [layer.outputSize, layer.inputSize], WeightFormat(entry, "weight"),
          &unread),
        projection: projection,
        factor: weights.tensor(named: name + ".factor", shape: layer.factor.shape))
      unread.remove(name + ".factor")
    }
    for (name, parameter) in model.namedParameters()
    where !factors.contains(ObjectIdentifier(parameter)) {
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
      model: model, loqt: loqt,
      tokenizer: try BytePairTokenizer(contentsOf: URL(filePath: path)),
      record: try Self.record(path: path + "/training.json"))
  }

  /// Refuses sizes that the files cannot fill before anything of these sizes is made.
  private static func check(
    _ configuration: LlamaConfiguration, fits weights: SafetensorsFolder, file: String
  ) throws(TensorFileError) {
    let bytes = weights.names.reduce(0) { $0 + (weights.entry(named: $1)?.byteRange.count ?? 0) }
    let (heads, keyHeads) = (Double(configuration.heads), Double(configuration.keyHeads))
    let block =
      2 * (heads + keyHeads) * Double(configuration.headSize)
      + 3 * Double(configuration.intermediateSize)
    let elements =
      Double(configuration.hiddenSize)
      * (Double(configuration.layers) * block + Double(configuration.vocabularySize))
    // No format takes fewer than four bits an element.
    guard elements / 2 <= Double(bytes), configuration.maxPositions <= 1 << 20 else {
      throw TensorFileError(
        .unsupported, file: file, found: "sizes beyond those of the tensors beside it",
        remedy: "Fetch or write the folder again")
    }
  }

  private static func record(path: String) throws(TensorFileError) -> RunRecord? {
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

extension SafetensorsFolder {
  /// A stored matrix from its parts, which are taken off `unread`.
  fileprivate func matrix(
    _ name: String, _ shape: Shape, _ format: WeightFormat, _ unread: inout Set<String>
  ) throws(TensorFileError) -> StoredMatrix {
    unread.remove(name)
    for part in format.partNames.bytes + format.partNames.floats {
      unread.remove(name + "." + part)
    }
    return try matrix(named: name, shape: shape, format: format)
  }
}

extension WeightFormat {
  /// Reads its name, a member of a `config.json`.
  init(_ document: JSONDocument, _ field: String) throws(TensorFileError) {
    let name = try document.string(field)
    guard let format = WeightFormat(name: name) else {
      throw TensorFileError(
        .unsupported, file: document.file, field: "'\(field)'", found: "'\(name)'",
        expected: "the name of a format, such as 'nf4-64-double' or 'int8-symmetric-row'")
    }
    self = format
  }
}

extension LoQTConfiguration {
  /// Reads the section `loqt` of a `config.json`.
  init(_ section: JSONDocument) throws(TensorFileError) {
    func fail(_ field: String, _ found: String, _ expected: String) -> TensorFileError {
      TensorFileError(
        .unsupported, file: section.file, field: "'\(field)'", found: found, expected: expected)
    }
    let rank = try section.integer("rank")
    guard (1...1 << 20).contains(rank) else { throw fail("rank", "\(rank)", "a positive rank") }
    let scale = try section.number("scale")
    guard Float(scale) > 0, Float(scale).isFinite else {
      throw fail("scale", "\(scale)", "a positive number")
    }
    let steps = try section.integer("compensation_steps")
    guard steps >= 0 else { throw fail("compensation_steps", "\(steps)", "a count") }
    self.init(
      rank: rank, scale: Float(scale), weightFormat: try WeightFormat(section, "weight"),
      projectionFormat: try WeightFormat(section, "projection"), compensationSteps: steps)
  }
}
