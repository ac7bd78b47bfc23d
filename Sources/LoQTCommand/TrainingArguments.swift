public import ArgumentParser
import LanguageModels
public import Optimizers
import Training

/// The options of a training run, from a random start or from a trained model.
struct TrainingArguments: ParsableArguments {
  @OptionGroup(title: "Data")
  var data: DataArguments

  @Option(
    help: ArgumentHelp(
      """
      The folder of a stopped run, or its checkpoint, to continue bit for bit. Its data is read again, from \
      --text, --data and --validation if it has moved. All settings except --output, --summary, --threads, \
      --save-every, --early-stopping and --keep-best are those of the run.
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
      How often each window is learnt from, instead of --steps. (default: 3 in finetune with --data)
      """, valueName: "number"))
  var epochs: Double?

  @Option(
    help: ArgumentHelp(
      "Stop after so many evaluations in a row without a better one.", valueName: "count"))
  var earlyStopping: Int?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      """
      Keep the model of the best evaluation, in the folder `best` of the results. (default: in finetune \
      and with --early-stopping)
      """))
  var keepBest: Bool?

  @Option(
    help: ArgumentHelp(
      """
      The memory that the run may take, such as 8G. Takes the fastest memory settings that fit, and says \
      which.
      """, valueName: "size"))
  var fit: ByteCount?

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
      (default: \(Self.defaultLearningRates); a tenth of these with --weights; finetune: lora 1e-4, qlora \
      and loftq 2e-4)
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
      """
      The folder of the results. (default: runs/METHOD-MODEL-SEED, numbered where there is one already)
      """, valueName: "folder"))
  var output: String?

  @Option(help: ArgumentHelp("Where to write the run's numbers, as JSON.", valueName: "file"))
  var summary: String?

  @Flag(help: "Start even if memory or disk seem too small.")
  var force = false

  @Flag(inversion: .prefixedNo, help: "Write the checkpoint at the end.")
  var checkpoint = true

  /// The settings of the run. Throws an `InputError` for those that cannot be.
  ///
  /// - Parameters:
  ///   - isFineTuning: Whether customs of fine-tuning hold where a person has said nothing.
  ///   - steps: Those of --steps when left out.
  func trainingConfiguration(isFineTuning: Bool, steps: Int? = nil) throws -> TrainingConfiguration
  {
    try runArguments.configuration(
      vocabulary: modelVocabulary, learningRate: learningRate, schedule: schedule, seed: seed,
      validationTokens: validationTokens, steps: steps, isFineTuning: isFineTuning)
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
