public import ArgumentParser
import LanguageModels
public import Optimizers
import Training

/// What a training is told, from a random start or from a trained model.
struct TrainingArguments: ParsableArguments {
  @OptionGroup(title: "Data")
  var data: DataArguments

  @Option(
    help: ArgumentHelp(
      """
      The folder of a run that was stopped, or its checkpoint: goes on with it, bit for bit, on its data or \
      where --text, --data and --validation say it is now. All other settings but --output, --summary, \
      --threads, --save-every, --early-stopping and --keep-best are those of the run.
      """, valueName: "folder"))
  var resume: String?

  @Option(
    help: ArgumentHelp(
      "Save the run after every so many steps, to be resumed. (default: at the end and at Ctrl-C)",
      valueName: "steps"))
  var saveEvery: Int?

  @OptionGroup
  var runArguments: RunArguments

  @Option(
    help: ArgumentHelp(
      """
      Times that each window is learnt from, instead of --steps. (default: 3 where finetune learns \
      examples)
      """, valueName: "number"))
  var epochs: Double?

  @Option(
    help: ArgumentHelp(
      """
      Stop when so many evaluations in a row have brought no better one. The best is kept in the folder \
      best of the results.
      """, valueName: "count"))
  var earlyStopping: Int?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      """
      Keep the model of the best evaluation in the folder best of the results. (default: in finetune and \
      with --early-stopping)
      """))
  var keepBest: Bool?

  @Option(
    help: ArgumentHelp(
      """
      Memory that the run may take, such as 8G: the fastest of the memory settings that need no more is \
      taken and told.
      """, valueName: "size"))
  var fit: ByteCount?

  @Option(
    help: ArgumentHelp(
      """
      Tokens of the vocabulary, learnt from the text; 256 takes bytes for tokens. (default: 4096; with \
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
      How the learning rate goes from there: \(ScheduleRule.all.map(\.name).joined(separator: ", ")).
      """, valueName: "name"))
  var schedule = ScheduleRule.cosine

  @Option(
    help: ArgumentHelp(
      """
      Rows of embedding and head where they are more than the tokens of the vocabulary, as a \
      published size has them.
      """, valueName: "count"))
  var modelVocabulary: Int?

  @Option(
    help: ArgumentHelp(
      """
      Tokens of the validation text to measure on at the end, 0 for no measuring at all. (default: \
      the whole text)
      """, valueName: "count"))
  var validationTokens: Int?

  @Option(help: ArgumentHelp("Decides every random number.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Threads. (default: one a processor)", valueName: "count"))
  var threads: Int?

  @Option(
    help: ArgumentHelp(
      """
      The folder of the results. (default: runs/METHOD-MODEL-SEED, numbered where there is one already)
      """, valueName: "folder"))
  var output: String?

  @Option(help: ArgumentHelp("Where to write the run in numbers, as JSON.", valueName: "file"))
  var summary: String?

  @Flag(help: "Begin even where memory or disk seem too small.")
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
  /// The rule of a name.
  public init?(argument: String) { self.init(named: argument) }
  /// The name.
  public var defaultValueDescription: String { name }
  /// All names.
  public static var allValueStrings: [String] { all.map(\.name) }
}
