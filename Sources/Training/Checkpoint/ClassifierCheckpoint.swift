public import LanguageModels
internal import Layers
public import Methods
internal import Stepping
public import TensorFiles
public import Tokenization

/// A trained classifier in a folder, with the same files as a `Checkpoint`: where its matrices are dense,
/// what Hugging Face's `...ForSequenceClassification` loads; `ModelSource.exportDense` writes that of any.
public struct ClassifierCheckpoint {
  /// The model.
  public let model: SequenceClassifier
  /// How its linear layers are held.
  public let parameterisation: any Parameterisation
  /// The tokenizer.
  public let tokenizer: any Tokenizer
  /// The run that made it.
  public let record: RunRecord?
  /// What lay beside the tensors of the model that it was made of.
  public let companions: ModelCompanions
  /// What the run needs to go on.
  private(set) var run: SavedRun?

  /// Where a trainer stands.
  public init(_ trainer: ClassifierTrainer) {
    model = trainer.task.model
    parameterisation = trainer.configuration.plan.layers
    tokenizer = trainer.task.data.tokenizer
    record = trainer.record
    companions = trainer.task.companions
    run = SavedRun(RunSettings(trainer), trainer.optimizer.stateTensors)
  }

  /// Leaves out what the run would go on by.
  package mutating func leaveOutRun() { run = nil }

  /// How well the model answers on some texts, of which it reads at most `length` tokens each.
  package func scores(on text: LabelledText, length: Int) -> ClassificationScores {
    let encoded = EncodedTexts(text.examples, tokenizer: tokenizer, length: length)
    return model.scores(
      on: encoded, labels: model.configuration.isRegression ? [] : model.configuration.labels,
      padding: model.configuration.padding ?? 0)
  }

  /// Reads a trained classifier with its layers as they are held.
  ///
  /// Throws a `TensorFileError`, an `InputError` or a `TokenizerError` that names the file and what is wrong.
  public init(_ source: ModelSource) throws {
    model = try source.makeClassifier()
    parameterisation = source.parameterisation
    tokenizer = try source.tokenizer
    record = try Checkpoint.record(path: source.path + "/training.json")
    companions = try source.companions
  }

  /// Writes the folder, which appears or is replaced as a whole; its parent exists.
  ///
  /// Throws a `TensorFileError` where the disk is full or the folder cannot be written; what was there
  /// before is untouched then.
  public func write(to path: String) throws(TensorFileError) { try writeFolder(to: path) }

  /// Writes the folder, and moves the one that was there before to `keptPath`; see `write(to:)`.
  package func write(to path: String, keepingOldAt keptPath: String?) throws(TensorFileError) {
    try writeFolder(to: path, keepingOldAt: keptPath)
  }
}

extension ClassifierCheckpoint: CheckpointContents {
  var module: any Module { model }
  var configuration: any ModelConfiguration { model.configuration }
}
