import ArgumentParser
import Optimizers
import Training

/// `loqt resume`: goes on with a run of any kind, by its folder alone.
struct Resume: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Go on with a run that was stopped, or make a finished one longer.",
    discussion: """
      The folder says all that is needed: a run that was stopped goes on bit for bit. The options below may \
      change as it does; all others are those of the run.

      Examples:
        loqt resume runs/loqt-9m-seed0
        loqt resume runs/loqt-9m-seed0 --steps 2000 --learning-rate 0.002
      """)

  @Argument(
    help: "The folder of the run, or one of its checkpoints.", completion: .directory)
  var folder: String

  @OptionGroup(title: "Where the data are now")
  var paths: DataPaths

  @Option(
    help: ArgumentHelp(
      "Where the labelled texts of a classifier are now, if not where they were.",
      valueName: "file"), completion: .file())
  var classify: String?

  @Option(help: ArgumentHelp("Steps of the whole run, those taken included.", valueName: "count"))
  var steps: Int?

  @Option(help: ArgumentHelp("The highest learning rate.", valueName: "number"))
  var learningRate: Double?

  @Option(
    help: ArgumentHelp(
      "How the learning rate goes on: \(ScheduleRule.all.map(\.name).joined(separator: ", ")).",
      valueName: "name"))
  var schedule: ScheduleRule?

  @Option(
    help: ArgumentHelp(
      "Tokens of the validation text to measure on at the end, 0 to skip all measuring.",
      valueName: "count"))
  var validationTokens: Int?

  @OptionGroup(title: "Results and saving")
  var control: RunControlArguments

  /// Refuses options by name that a run was begun with.
  static func check(_ options: CommandLineOptions) throws(InputError) {
    guard options.words.first == "resume", let own = OptionTable(command: "resume"),
      let begun = OptionTable(command: "finetune")
    else { return }
    if let name = options.names.first(where: { own.entry(named: $0) == nil }),
      begun.entry(named: name) != nil
    {
      throw InputError(cannotChange: name)
    }
  }

  func run() async throws {
    var arguments = try TrainingArguments.parse([])
    arguments.resume = folder
    arguments.data.paths = paths
    arguments.runArguments.steps = steps
    arguments.learningRate = learningRate
    arguments.schedule = schedule
    arguments.validationTokens = validationTokens
    arguments.control = control
    let settings = try RunSettings(checkpoint: RunFolder.checkpoint(ofRun: folder))
    let isFineTuning = settings.isFineTuning ?? (settings.weights != nil)
    if settings.labelled != nil {
      var labels = try ClassifierArguments.parse([])
      labels.classify = classify
      return try await ClassifierRun(arguments, labels).run()
    }
    guard classify == nil else {
      throw InputError("\(folder) is a run that learns no labels. Leave --classify out.")
    }
    try await TrainingRun(arguments, isFineTuning: isFineTuning).run()
  }
}

extension InputError {
  /// The error for an option that a run keeps for as long as it goes on.
  init(cannotChange name: String) {
    self.init(
      "--\(name) was set when the run began and cannot change as it goes on. Leave it out, or begin "
        + "another run.")
  }
}
