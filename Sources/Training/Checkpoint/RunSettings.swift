#if canImport(FoundationEssentials)
  internal import FoundationEssentials
#else
  internal import Foundation
#endif

package import LanguageModels
internal import Optimizers
internal import Stepping
package import TensorFiles
internal import Tokenization

/// The settings of a run as saved in a checkpoint's `run.json`.
package struct RunSettings: Codable, Sendable, Hashable {
  /// The model's name.
  package var modelName: String
  /// The method's name.
  package var method: String
  /// The folder of the trained model that the run started from; nil for a random start.
  package var weights: String?
  /// The options given for the method.
  package var options: MethodOptions
  /// Steps of the whole run.
  package var steps: Int
  /// Sequences per step.
  package var batchSize: Int
  /// Micro-batches per step.
  package var microBatches: Int
  /// Sequences of a step that merges.
  package var mergeBatchSize: Int
  /// Tokens per sequence.
  package var sequence: Int
  /// How the run trades memory for time and precision.
  package var memory: MemoryOptions
  /// Tokens to measure on at the end; nil for all.
  package var validationTokens: Int?
  /// The highest learning rate.
  package var learningRate: Double
  /// The name of the learning rate's schedule; nil for a cosine.
  package var schedule: String?
  /// The seed.
  package var seed: UInt64
  /// Steps between evaluations.
  package var evaluationInterval: Int
  /// The path of the text.
  package var text: String
  /// Tokens to train on; a different count reveals a different text.
  package var tokenCount: Int
  /// What was read; nil for the text alone.
  package var data: TrainingData?
  /// Tells the tokens from others; nil in runs that did not note it.
  package var fingerprint: String?
  /// Tokens of the vocabulary.
  package var vocabulary: Int
  /// Steps taken.
  package var step: Int
  /// Layers whose merge was still due.
  package var layersDue: [String]
  /// The labelled texts that a classifier learns; nil for a language model, and for texts of no file.
  package var labelled: LabelledFiles?
  /// Whether the run is one of `loqt finetune`; nil in runs that did not note it.
  package var isFineTuning: Bool?
  /// The version of the program that saved it; nil in runs that did not note it.
  package var program: String?

  init(_ trainer: LanguageModelTrainer) {
    self.init(
      trainer, text: trainer.corpus.name, tokenCount: trainer.corpus.training.tokens.count,
      vocabulary: trainer.corpus.tokenizer.vocabularySize)
    data = trainer.corpus.data
    fingerprint = trainer.corpus.fingerprint
  }

  init(_ trainer: ClassifierTrainer) {
    let data = trainer.task.data
    self.init(
      trainer, text: data.name, tokenCount: data.training.count,
      vocabulary: data.tokenizer.vocabularySize)
    labelled = data.files
    fingerprint = data.fingerprint
  }

  private init(
    _ trainer: Trainer<some TrainingTask>, text: String, tokenCount: Int, vocabulary: Int
  ) {
    let configuration = trainer.configuration
    modelName = configuration.modelName
    method = configuration.method.name
    weights = configuration.weights
    options = configuration.options
    steps = configuration.steps
    batchSize = configuration.batchSize
    microBatches = configuration.microBatches
    mergeBatchSize = configuration.mergeBatchSize
    sequence = configuration.sequence
    memory = configuration.memory
    validationTokens = configuration.validationTokens
    learningRate = configuration.learningRate
    schedule =
      configuration.schedule.name == ScheduleRule.cosine.name ? nil : configuration.schedule.name
    seed = configuration.seed
    evaluationInterval = configuration.evaluationInterval
    self.text = text
    self.tokenCount = tokenCount
    self.vocabulary = vocabulary
    step = trainer.step
    layersDue = trainer.optimizer.layersDue
    isFineTuning = trainer.isFineTuning
    program = ProgramVersion.current
  }

  /// Reads the settings from a checkpoint. Throws if the folder holds no run to go on with.
  package init(checkpoint path: String) throws(TensorFileError) {
    try AtomicFolder.recover(at: path)
    let file = path + "/run.json"
    guard FileManager.default.fileExists(atPath: file) else {
      throw TensorFileError(
        .missing, file: file, found: "no run to go on with",
        remedy: "Give the folder of a run, or its checkpoint")
    }
    try FolderManifest.verify(path) { $0 == "run.json" }
    do {
      self = try JSONDecoder().decode(Self.self, from: Data(contentsOf: URL(filePath: file)))
    } catch {
      throw TensorFileError(
        .malformed, file: file, found: "something else than the settings of a run",
        remedy: "Start the run again")
    }
    guard (0...steps).contains(step) else {
      throw TensorFileError(
        .malformed, file: file, field: "'step'", found: "\(step)", expected: "0 to \(steps)",
        remedy: "Start the run again")
    }
  }

  /// The text of the file.
  var json: String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    guard let data = try? encoder.encode(self) else {
      preconditionFailure("RunSettings: plain numbers and texts were not encoded")
    }
    return String(decoding: data, as: UTF8.self) + "\n"
  }

  /// The configuration of the saved run; `model` is that of the checkpoint.
  ///
  /// Throws an `InputError` if this program cannot continue such a run.
  package func configuration(model: any ModelConfiguration) throws(InputError)
    -> TrainingConfiguration
  {
    guard let method = TrainingMethod(rawValue: method) else {
      throw InputError(
        "The saved run has the method '\(method)', which this program does not know.")
    }
    guard let schedule = schedule.map({ ScheduleRule(named: $0) }) ?? .cosine else {
      throw InputError(
        "The saved run has the schedule '\(schedule ?? "")', which this program does not know.")
    }
    return try TrainingConfiguration(
      model: model, named: modelName, weights: weights, method: method, options: options,
      steps: steps, batchSize: batchSize, microBatches: microBatches,
      mergeBatchSize: mergeBatchSize,
      sequence: sequence, vocabulary: model.vocabularySize, memory: memory,
      learningRate: learningRate, schedule: schedule, seed: seed,
      evaluationInterval: evaluationInterval,
      validationTokens: validationTokens)
  }
}
