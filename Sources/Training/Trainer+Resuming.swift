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
    try self.init(
      resuming: path, RunSettings(checkpoint: path), corpus: corpus, start: start)
  }

  /// Resumes a run with settings that have been changed.
  package convenience init(
    resuming path: String, _ settings: RunSettings, corpus: Corpus, start: ContinuousClock.Instant
  ) throws {
    let source = try ModelSource(path: path)
    guard corpus.training.tokens.count == settings.tokenCount,
      corpus.tokenizer.vocabularySize == settings.vocabulary
    else {
      throw InputError(
        "\(corpus.name) has \(corpus.training.tokens.count) tokens to train on where the saved run had "
          + "\(settings.tokenCount). Give the text of that run.")
    }
    guard settings.fingerprint ?? corpus.fingerprint == corpus.fingerprint else {
      throw InputError(
        "\(corpus.name) is another text than that of the saved run, though of as many tokens. Give the "
          + "text of that run.")
    }
    try self.init(
      settings.configuration(model: source.configuration), corpus: corpus, source: source,
      start: start
    ) { $0.makeModel(toRestoreUsing: $1) }
    try source.restore(model)
    try goOn(from: path, settings)
  }
}

extension Trainer where Task == Classification {
  /// Goes on with a run from the checkpoint it left, bit for bit.
  ///
  /// Throws an error that names the file and what is wrong, also when the texts are others.
  ///
  /// - Parameters:
  ///   - path: The folder of the checkpoint.
  ///   - data: The texts of the run, read as the run read them.
  ///   - start: When the run began for the user, for its wall time.
  public convenience init(
    resuming path: String, data: ClassificationData,
    start: ContinuousClock.Instant = ContinuousClock().now
  ) throws {
    try self.init(resuming: path, RunSettings(checkpoint: path), data: data, start: start)
  }

  /// Goes on with a run whose settings have been changed.
  package convenience init(
    resuming path: String, _ settings: RunSettings, data: ClassificationData,
    start: ContinuousClock.Instant
  ) throws {
    let source = try ModelSource(path: path)
    guard settings.fingerprint == data.fingerprint else {
      throw InputError(
        "\(data.name) is not what the saved run learns. Give the texts of that run.")
    }
    let configuration = try settings.configuration(model: source.configuration)
    let task = try Classification(configuration, data: data, companions: source.companions) {
      $1.source = { _, shape in .zeros(shape) }
      return SequenceClassifier($0, using: $1)
    }
    self.init(configuration, task: task, start: start)
    try source.restore(task.model)
    try goOn(from: path, settings)
  }
}

extension Trainer {
  /// Takes over the optimizer's state and the record of a saved run whose model is restored.
  private func goOn(from path: String, _ settings: RunSettings) throws {
    isFineTuning = settings.isFineTuning
    try FolderManifest.verify(path) { $0.hasSuffix(".state") }
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
