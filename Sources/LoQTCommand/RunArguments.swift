import ArgumentParser
import Autodiff
import Foundation
import LanguageModels
import TensorFiles
import Optimizers
import Training

/// The options that determine a training step: model, method, batch and memory. Shared by runs and
/// their estimates.
struct RunArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The size of the model: \(LlamaConfiguration.presets.map(\.name).joined(separator: ", ")).",
      valueName: "name"), completion: .list(LlamaConfiguration.presets.map(\.name)))
  var preset = "9m"

  @Option(
    help: ArgumentHelp(
      "A Hugging Face config.json with the size of the model, instead of --preset.",
      valueName: "file"), completion: .file(extensions: ["json"]))
  var config: String?

  @Option(
    help: ArgumentHelp(
      """
      A trained model to begin from, instead of --preset and a random start: a Hugging Face folder, a GGUF \
      file, the checkpoint of a run by any method, or the folder of a LoRA adapter. Its matrices are read \
      layer by layer.
      """, valueName: "path"), completion: .file())
  var weights: String?

  @Option(
    help: ArgumentHelp(
      "The model that the adapter of --weights is over. (default: the one that the adapter names)",
      valueName: "folder"))
  var base: String?

  @Option(
    help: ArgumentHelp(
      """
      How the linear layers are trained: \
      \(TrainingMethod.allCases.map { "\($0.name) (\($0.summary))" }.joined(separator: ", ")).
      """, valueName: "name"), completion: .list(TrainingMethod.allCases.map(\.name)))
  var method = TrainingMethod.loqt

  @Option(help: ArgumentHelp("Training steps. (default: 1000)", valueName: "count"))
  var steps: Int?

  @Option(help: ArgumentHelp("Sequences per step. (default: 16)", valueName: "count"))
  var batch: Int?

  @Option(
    help: ArgumentHelp(
      "Parts of a step to run one after the other, which takes less memory. (default: 1)",
      valueName: "count"))
  var microBatches: Int?

  @Option(
    help: ArgumentHelp(
      """
      Sequences of a step that merges: more tokens determine more directions of a projection. \
      (default: --batch)
      """, valueName: "count"))
  var mergeBatch: Int?

  @Option(help: ArgumentHelp("Tokens per sequence. (default: 128)", valueName: "count"))
  var sequence: Int?

  @OptionGroup(title: "Options of methods")
  var methodOptions: MethodArguments

  @OptionGroup(title: "Memory")
  var memory: MemoryArguments

  /// The model's name, as shown and as used in folder names.
  var modelName: String {
    if let weights { return URL(filePath: weights).lastPathComponent }
    guard let config else { return preset }
    let file = URL(filePath: config)
    return file.lastPathComponent == "config.json"
      ? file.deletingLastPathComponent().lastPathComponent
      : file.deletingPathExtension().lastPathComponent
  }

  /// The trained model to begin from; nil for a random start.
  var source: ModelSource? {
    get throws { try weights.map { try ModelSource(path: $0, base: base) } }
  }

  /// The settings of a run.
  ///
  /// Throws an `InputError` for invalid settings, and a `TensorFileError` for a file that cannot be read.
  ///
  /// - Parameters:
  ///   - vocabulary: Rows of embedding and head at least; those of --config or --weights when left out.
  ///   - learningRate: The highest; the usual one when left out.
  ///   - schedule: How it goes on from there.
  ///   - seed: Decides every random number.
  ///   - validationTokens: To measure on at the end; all when left out.
  ///   - steps: Those of --steps when left out.
  ///   - isFineTuning: Whether customs of fine-tuning hold where a person has said nothing.
  func configuration(
    vocabulary: Int? = nil, learningRate: Double? = nil, schedule: ScheduleRule = .cosine,
    seed: UInt64 = 0,
    validationTokens: Int? = nil, steps: Int? = nil, isFineTuning: Bool = false
  ) throws -> TrainingConfiguration {
    if weights != nil, config != nil {
      throw InputError("--weights has a config.json of its own. Leave --config out.")
    }
    let model =
      try source?.configuration ?? config.map { try ModelFamily.anyModel(JSONDocument(path: $0)) }
    let sized = try model ?? TrainingConfiguration.model(preset: preset)
    let options = methodOptions.options
    return try TrainingConfiguration(
      model: sized, named: modelName, weights: weights, method: method,
      options: isFineTuning
        ? method.fineTuning(options, hiddenSize: sized.hiddenSize) : options,
      steps: steps ?? self.steps,
      batchSize: batch,
      microBatches: microBatches, mergeBatchSize: mergeBatch, sequence: sequence,
      vocabulary: vocabulary ?? model?.vocabularySize, memory: memory.options,
      learningRate: learningRate ?? (isFineTuning ? method.fineTuningLearningRate : nil),
      schedule: schedule, seed: seed, validationTokens: validationTokens
    )
  }
}
