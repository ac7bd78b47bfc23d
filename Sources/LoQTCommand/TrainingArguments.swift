public import ArgumentParser
import LanguageModels
public import Optimizers
import Training

/// The options of a training run, from a random start or from a trained model.
struct TrainingArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The text to learn, a plain text file. Required unless a run is resumed.", valueName: "file"))
  var text: String?

  @Option(
    help: ArgumentHelp(
      """
      The checkpoint of a stopped run to continue, bit for bit. Its text is read again, from --text if it \
      has moved. All settings except --output, --summary and --threads are those of the run.
      """, valueName: "folder"))
  var resume: String?

  @Option(
    help: ArgumentHelp(
      "Save a checkpoint every so many steps. (default: at the end and at Ctrl-C)",
      valueName: "steps"))
  var saveEvery: Int?

  @OptionGroup
  var runArguments: RunArguments

  @Option(
    help: ArgumentHelp(
      """
      Tokens of the vocabulary, learnt from the text; 256 makes each byte a token. (default: 4096; with \
      --weights the tokenizer.json beside them)
      """, valueName: "count"))
  var vocabulary: Int?

  @Option(
    help: ArgumentHelp(
      """
      The highest learning rate, reached after a tenth of the run. \
      (default: \(Self.defaultLearningRates); a tenth of these with --weights)
      """, valueName: "number"))
  var learningRate: Double?

  @Option(
    help: ArgumentHelp(
      """
      How the learning rate continues from there: \(ScheduleRule.all.map(\.name).joined(separator: ", ")).
      """, valueName: "name"))
  var schedule = ScheduleRule.cosine

  @Option(
    help: ArgumentHelp(
      """
      Rows of embedding and head, if more than the tokens of the vocabulary, to match a published size.
      """, valueName: "count"))
  var modelVocabulary: Int?

  @Option(
    help: ArgumentHelp(
      """
      Tokens of the validation text to measure on at the end, 0 to skip all measuring. (default: \
      the whole text)
      """, valueName: "count"))
  var validationTokens: Int?

  @Option(help: ArgumentHelp("Seed of every random number.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Threads. (default: one per processor)", valueName: "count"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      "The folder of the results. (default: runs/METHOD-PRESET-SEED)", valueName: "folder"))
  var output: String?

  @Option(help: ArgumentHelp("Where to write the run's numbers, as JSON.", valueName: "file"))
  var summary: String?

  @Flag(help: "Start even if memory or disk seem too small.")
  var force = false

  @Flag(inversion: .prefixedNo, help: "Write the checkpoint at the end.")
  var checkpoint = true

  /// The settings of the run. Throws an `InputError` for invalid ones.
  var trainingConfiguration: TrainingConfiguration {
    get throws {
      try runArguments.configuration(
        vocabulary: modelVocabulary, learningRate: learningRate, schedule: schedule, seed: seed,
        validationTokens: validationTokens)
    }
  }

  private static var defaultLearningRates: String {
    TrainingMethod.allCases.map {
      "\($0.name) \($0.defaults.learningRate)"
    }.joined(separator: ", ")
  }
}

extension ScheduleRule: ExpressibleByArgument {
  /// The rule with the given name.
  public init?(argument: String) { self.init(named: argument) }
  /// The name.
  public var defaultValueDescription: String { name }
  /// All names.
  public static var allValueStrings: [String] { all.map(\.name) }
}
