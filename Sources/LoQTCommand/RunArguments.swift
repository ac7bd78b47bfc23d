import ArgumentParser
import Autodiff
import Foundation
import LanguageModels
import Optimizers
import Training

/// The options that determine a training step: model, method, batch and memory. Shared by runs and
/// their estimates.
struct RunArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The size of the model: \(LlamaConfiguration.presets.map(\.name).joined(separator: ", ")).",
      valueName: "name"))
  var preset = "9m"

  @Option(
    help: ArgumentHelp(
      "A Hugging Face config.json of a Llama with the size of the model, instead of --preset.",
      valueName: "file"))
  var config: String?

  @Option(
    help: ArgumentHelp(
      """
      The Hugging Face folder of a trained Llama to start from, instead of --preset and a random start: \
      config.json and safetensors files. Its matrices are read layer by layer.
      """, valueName: "folder"))
  var weights: String?

  @Option(
    help: ArgumentHelp(
      """
      How the linear layers are trained: \
      \(TrainingMethod.allCases.map { "\($0.name) (\($0.summary))" }.joined(separator: ", ")).
      """, valueName: "name"))
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

  /// The settings of a run.
  ///
  /// Throws an `InputError` for invalid settings, and a `TensorFileError` for a file that cannot be read.
  ///
  /// - Parameter vocabulary: The fewest rows of embedding and head; those of --config or --weights when
  ///   left out.
  func configuration(
    vocabulary: Int? = nil, learningRate: Double? = nil, schedule: ScheduleRule = .cosine,
    seed: UInt64 = 0,
    validationTokens: Int? = nil
  ) throws -> TrainingConfiguration {
    if weights != nil, config != nil {
      throw InputError("--weights has a config.json of its own. Leave --config out.")
    }
    let model = try (weights.map { $0 + "/config.json" } ?? config).map {
      try ModelFamily.configuration(path: $0)
    }
    return try TrainingConfiguration(
      model: model ?? TrainingConfiguration.model(preset: preset), named: modelName,
      weights: weights, method: method, options: methodOptions.options, steps: steps,
      batchSize: batch,
      microBatches: microBatches, mergeBatchSize: mergeBatch, sequence: sequence,
      vocabulary: vocabulary ?? model?.vocabularySize, memory: memory.options,
      learningRate: learningRate, schedule: schedule, seed: seed, validationTokens: validationTokens
    )
  }
}
