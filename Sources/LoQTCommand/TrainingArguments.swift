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
      The folder of a run, or its checkpoint: goes on with it, as loqt resume does.
      """, valueName: "folder"),
    completion: .directory)
  var resume: String?

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
      How the learning rate continues from there: \(ScheduleRule.all.map(\.name).joined(separator: ", ")). \
      (default: cosine)
      """, valueName: "name"))
  var schedule: ScheduleRule?

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

  @OptionGroup(title: "Results and saving")
  var control: RunControlArguments

  @OptionGroup(title: "Configuration")
  var configuration: ConfigurationArguments

  /// What changes in a run that goes on.
  var changes: RunChanges {
    var changes = RunChanges()
    changes.steps = runArguments.steps
    changes.learningRate = learningRate
    changes.schedule = schedule?.name
    changes.validationTokens = validationTokens
    return changes
  }

  /// The settings of the run. Throws an `InputError` for those that cannot be.
  ///
  /// - Parameters:
  ///   - isFineTuning: Whether customs of fine-tuning hold where a person has said nothing.
  ///   - steps: Those of --steps when left out.
  func trainingConfiguration(isFineTuning: Bool, steps: Int? = nil) throws -> TrainingConfiguration
  {
    try runArguments.configuration(
      vocabulary: modelVocabulary, learningRate: learningRate, schedule: schedule ?? .cosine,
      seed: seed,
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
