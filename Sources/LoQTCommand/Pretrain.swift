import ArgumentParser
import LanguageModels
import Training

/// `loqt pretrain`: trains a model from a random start on a text.
struct Pretrain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a language model from a random start on a text.",
    discussion: """
      Only --text is needed: the other settings follow from the method and the length of the run. \
      Ctrl-C finishes the current step, saves the run and says where; --resume goes on with it.
      """)

  @Option(
    help: ArgumentHelp(
      "The text to learn, a plain text file. Needed unless a run is resumed.", valueName: "file"))
  var text: String?

  @Option(
    help: ArgumentHelp(
      """
      The checkpoint of a run that was stopped: goes on with it, bit for bit, on its text or where \
      --text says it is now. All other settings but --output, --summary and --threads are those of the \
      run.
      """, valueName: "folder"))
  var resume: String?

  @Option(
    help: ArgumentHelp(
      "Save the run after every so many steps, to be resumed. (default: at the end and at Ctrl-C)",
      valueName: "steps"))
  var saveEvery: Int?

  @Option(
    help: ArgumentHelp(
      "The size of the model: \(LlamaConfiguration.presets.map(\.name).joined(separator: ", ")).",
      valueName: "name"))
  var preset = "9m"

  @Option(
    help: ArgumentHelp(
      """
      How the linear layers are trained: \
      \(TrainingMethod.allCases.map { "\($0.name) (\($0.summary))" }.joined(separator: ", ")).
      """, valueName: "name"))
  var method = TrainingMethod.loqt

  @Option(help: ArgumentHelp("Training steps. (default: 1000)", valueName: "count"))
  var steps: Int?

  @Option(help: ArgumentHelp("Sequences a step. (default: 16)", valueName: "count"))
  var batch: Int?

  @Option(
    help: ArgumentHelp(
      "Parts of a step that are run one after the other, which takes less memory. (default: 1)",
      valueName: "count"))
  var microBatches: Int?

  @Option(help: ArgumentHelp("Tokens a sequence. (default: 128)", valueName: "count"))
  var sequence: Int?

  @Option(
    help: ArgumentHelp(
      "Tokens of the vocabulary, learnt from the text; 256 takes bytes for tokens.",
      valueName: "count"))
  var vocabulary = 4_096

  @Option(
    help: ArgumentHelp(
      """
      The highest learning rate, reached after a tenth of the run. \
      (default: \(Self.defaultLearningRates))
      """, valueName: "number"))
  var learningRate: Double?

  @OptionGroup(title: "Options of methods")
  var methodOptions: MethodArguments

  @Option(help: ArgumentHelp("Decides every random number.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Threads. (default: one a processor)", valueName: "count"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "The folder of the results. (default: runs/METHOD-PRESET-SEED)", valueName: "folder"))
  var output: String?

  @Option(help: ArgumentHelp("Where to write the run in numbers, as JSON.", valueName: "file"))
  var summary: String?

  func run() async throws {
    try await PretrainingRun(self).run()
  }

  /// The settings of the run. Throws an `InputError` for those that cannot be.
  var trainingConfiguration: TrainingConfiguration {
    get throws {
      try TrainingConfiguration(
        model: TrainingConfiguration.model(preset: preset), named: preset, method: method,
        options: methodOptions.options, steps: steps, batchSize: batch, microBatches: microBatches,
        sequence: sequence,
        learningRate: learningRate, seed: seed)
    }
  }

  private static var defaultLearningRates: String {
    TrainingMethod.allCases.map {
      "\($0.name) \($0.defaults.learningRate)"
    }.joined(separator: ", ")
  }
}
