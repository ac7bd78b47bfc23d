#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

internal import JSON
internal import LanguageModels
internal import Layers
internal import Methods
internal import TensorFiles
internal import Tokenization

/// A Hugging Face folder of dense matrices, or a checkpoint by any method.
struct ModelFolder: ModelForm {
  let path: String
  let document: JSONDocument
  let configuration: any ModelConfiguration
  let settings: JSONObject
  let parameterisation: any Parameterisation

  init(path: String) throws(TensorFileError) {
    self.path = path
    document = try JSONDocument(path: path + "/config.json")
    configuration = try ModelFamily.anyModel(document)
    parameterisation = try StoredParameterisations.reading(document)
    var settings = document.object
    ModelFamily.unmark(&settings)
    if let key = type(of: parameterisation).checkpointKey { settings[key] = nil }
    if let packing = settings["quantization_config"], packing != .null {
      let method = packing["quant_method"]?.stringValue ?? "another program"
      throw TensorFileError(
        .unsupported, file: document.file, field: "'quantization_config'",
        found: "matrices packed by \(method)", expected: "dense ones",
        remedy: "Give the folder of the model that was packed")
    }
    self.settings = settings
  }

  var companionFolder: String? { path }

  var tokenizer: any Tokenizer {
    get throws {
      if let error = ModelCompanions.tokenizerError(in: path) { throw error }
      return try PipelineTokenizer(contentsOf: URL(filePath: path))
    }
  }

  private var isPacked: Bool {
    guard let dense = parameterisation as? DenseMatrices else { return true }
    return dense.packed != nil
  }

  func tensors(of configuration: any ModelConfiguration) throws -> any ModelTensors {
    let weights = try checkedWeights()
    return isPacked
      ? try StoredWeights(weights, document, configuration, parameterisation)
      : try PublishedTensors(of: configuration, in: weights)
  }

  func tensors(ofClassifier classifier: ClassifierConfiguration) throws
    -> (tensors: any ModelTensors, new: Set<String>)
  {
    var new = newTensors(of: classifier)
    guard !isPacked else { return (try tensors(of: configuration), new) }
    let tensors = try PublishedTensors(
      of: classifier, startingFrom: checkedWeights(), new: &new)
    return (tensors, new)
  }

  func storedWeights() throws -> StoredWeights? {
    guard isPacked else { return nil }
    return try StoredWeights(checkedWeights(), document, configuration, parameterisation)
  }

  /// The files; refuses sizes that these cannot fill before anything of these sizes is made.
  private func checkedWeights() throws(TensorFileError) -> SafetensorsFolder {
    try FolderManifest.verify(path) { $0.hasSuffix(".safetensors") }
    let weights = try SafetensorsFolder(path: path)
    let names = weights.names
    try configuration.check(
      fillableFrom: names.reduce(0) { $0 + (weights.entry(named: $1)?.byteRange.count ?? 0) },
      tensors: names.count, hasFactors: parameterisation is AdapterMatrices, file: document.file)
    return weights
  }
}

extension ModelConfiguration {
  /// Refuses sizes that files cannot fill before anything of these sizes is made.
  ///
  /// - Parameters:
  ///   - bytes: Of all tensors.
  ///   - tensors: How many there are.
  ///   - hasFactors: Whether matrices may be products of two factors.
  ///   - file: What tells the sizes.
  func check(fillableFrom bytes: Int, tensors: Int, hasFactors: Bool = false, file: String)
    throws(TensorFileError)
  {
    func fits() -> Bool {
      // Every block has tensors of its own.
      guard blockCount <= tensors, maxPositions <= 1 << 24 else { return false }
      let table = Double(vocabularySize) * Double(hiddenSize)
      let layers = linearShapes
      let elements = layers.reduce(table) { $0 + Double($1.out) * Double($1.in) }
      // No format takes fewer than four bits an element; a product of two factors of floats has at least
      // as many elements as its sides.
      let sides = layers.reduce(0.0) { $0 + Double($1.out) + Double($1.in) }
      return (hasFactors ? 4 * (sides / 2 + table) : elements / 2) <= Double(bytes)
    }
    guard fits() else {
      throw TensorFileError(
        .unsupported, file: file, found: "sizes beyond those of the tensors beside it",
        remedy: "Fetch or write the folder again")
    }
  }
}
