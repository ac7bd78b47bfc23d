#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import Adapters
internal import Autodiff
internal import LanguageModels
internal import Layers
internal import LoQT
internal import Optimizers
internal import Quantization
internal import QuantizedLayers
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
    let loqt = try document.optionalDocument("loqt")
    let adapters = try document.optionalDocument("adapters")
    let loqtConfiguration: LoQTConfiguration? = if let loqt { try .init(loqt) } else { nil }
    let adapterConfiguration: AdapterConfiguration? =
      if let adapters { try .init(adapters) } else { nil }
    let packing = try document.optionalString("packed").map { _ in
      try WeightFormat(document, "packed")
    }
    let weights = try SafetensorsFolder(path: path)
    try Self.check(
      configuration, fits: weights, hasFactors: adapters != nil, file: document.file)
    let factory: any LinearFactory =
      loqtConfiguration.map { LoQTFactory($0) } ?? adapterConfiguration.map { AdapterFactory($0) }
      ?? packing.map { PackedLinearFactory(format: $0) } ?? DenseLinearFactory()
    // Layers that the method did not hold are dense, and so are their tensors.
    let others = LlamaConfiguration.linearNames.filter { name in
      let part = ["gate_proj", "up_proj", "down_proj"].contains(name) ? "mlp" : "self_attn"
      let layer = "model.layers.0.\(part).\(name)."
      return weights.entry(named: layer + "weight") != nil
        && weights.entry(named: layer + "factor") == nil
        && weights.entry(named: layer + "up") == nil
    }
    let builder = LayerBuilder(
      factory,
      exceptions: Dictionary(
        uniqueKeysWithValues: others.map { ($0, DenseLinearFactory() as any LinearFactory) }))
    let model = Llama(toRestore: configuration, using: builder)

    var unread = Set(weights.names)
    try model.restoreLayers(from: weights, loqt: loqt, adapters: adapters, &unread)
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
      model: model, loqt: loqtConfiguration, adapter: adapterConfiguration, packing: packing,
      tokenizer: try BytePairTokenizer(contentsOf: URL(filePath: path)),
      record: try Self.record(path: path + "/training.json"))
  }

  /// Refuses sizes that the files cannot fill before anything of these sizes is made.
  private static func check(
    _ configuration: LlamaConfiguration, fits weights: SafetensorsFolder, hasFactors: Bool,
    file: String
  ) throws(TensorFileError) {
    let bytes = weights.names.reduce(0) { $0 + (weights.entry(named: $1)?.byteRange.count ?? 0) }
    let (heads, keyHeads) = (Double(configuration.heads), Double(configuration.keyHeads))
    let block =
      2 * (heads + keyHeads) * Double(configuration.headSize)
      + 3 * Double(configuration.intermediateSize)
    let elements =
      Double(configuration.hiddenSize)
      * (Double(configuration.layers) * block + Double(configuration.vocabularySize))
    // No format takes fewer than four bits an element; a product of two factors of floats has at least
    // as many elements as its sides.
    let sides = Double(configuration.layers) * (block + 7 * Double(configuration.hiddenSize))
    let table = Double(configuration.vocabularySize) * Double(configuration.hiddenSize)
    let least = hasFactors ? 4 * (sides / 2 + table) : elements / 2
    guard least <= Double(bytes), configuration.maxPositions <= 1 << 20 else {
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
