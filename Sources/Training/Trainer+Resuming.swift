internal import Autodiff
internal import LanguageModels
internal import Layers
internal import LoQT
internal import Optimizers
internal import Quantization
internal import Stepping
internal import TensorFiles
internal import Tensors
internal import Tokenization

extension Trainer where Task == LanguageModelling {
  /// Resumes a run from its checkpoint, bit for bit.
  ///
  /// Throws an error that names the file and what is wrong, or an `InputError` if the text is a different
  /// one.
  ///
  /// - Parameters:
  ///   - path: The folder of the checkpoint.
  ///   - corpus: The text of the run, tokenised by the same vocabulary.
  ///   - start: When the user started the run, for its wall time.
  public convenience init(
    resuming path: String, corpus: Corpus, start: ContinuousClock.Instant = ContinuousClock().now
  ) throws {
    let settings = try RunSettings(checkpoint: path)
    let document = try JSONDocument(path: path + "/config.json")
    guard corpus.training.tokens.count == settings.tokenCount,
      corpus.tokenizer.vocabularySize == settings.vocabulary
    else {
      throw InputError(
        "\(corpus.name) has \(corpus.training.tokens.count) tokens to train on where the saved run had "
          + "\(settings.tokenCount). Give the text of that run.")
    }
    try self.init(
      settings.configuration(model: try ModelFamily.configuration(document)), corpus: corpus,
      start: start
    ) { $0.makeModel(toRestoreUsing: $1) }
    let weights = try SafetensorsFolder(path: path)
    var unread = Set(weights.names)
    try model.restoreLayers(
      from: weights, document, key: type(of: configuration.plan.layers).checkpointKey, &unread)
    let restored = Set(weights.names).subtracting(unread)
    for (name, parameter) in model.namedParameters() where !restored.contains(name) {
      parameter.tensor = try weights.tensor(named: name, shape: parameter.shape)
    }
    let file = try SafetensorsFile(path: path + "/optimizer.state")
    var state = TensorParts()
    for entry in file.entries {
      if entry.elementType == .u8 {
        state.bytes[entry.name] = try file.tensor(named: entry.name, as: UInt8.self)
      } else {
        state.floats[entry.name] = try file.tensor(named: entry.name)
      }
    }
    do {
      try optimizer.restore(state, atStep: settings.step, due: settings.layersDue)
    } catch {
      throw TensorFileError(
        .malformed, file: path + "/optimizer.state", found: "\(error)",
        remedy: "Start the run again")
    }
    if let record = try Checkpoint.record(path: path + "/training.json") { resume(from: record) }
  }
}
