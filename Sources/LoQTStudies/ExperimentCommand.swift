package import ArgumentParser
import Experiments
import Formatting
import Terminal
import Training

/// `loqt experiment`: compares methods over several seeds.
package struct ExperimentCommand: AsyncParsableCommand {
  package static let configuration = CommandConfiguration(
    commandName: "experiment",
    abstract: "Compare methods on a text, over several seeds.",
    discussion: """
      Ctrl-C stops; repeat the command to continue. Runs that experiments have in common are made only \
      once, and several processes with the same command share the work.
      """)

  @Argument(
    help: ArgumentHelp(
      "The experiment: \(Experiment.allCases.map(\.name).joined(separator: ", ")).",
      valueName: "name"))
  var name: String

  @Flag(help: "Run a small version that takes under five minutes, to see what the experiment does.")
  var quick = false

  @Option(
    help: ArgumentHelp(
      "The plain text file to learn. Required if the experiment trains.",
      valueName: "file"))
  var text: String?

  @Option(
    help: ArgumentHelp(
      "What fine-tune and classify learn: CSV, columns or JSON lines of labels and texts. (default of "
        + "fine-tune: which part of the text a passage is from)", valueName: "file"))
  var labelled: String?

  @Option(
    help: ArgumentHelp(
      """
      The folder of the encoder that classify trains: config.json, the tokenizer's files, and its tensors, \
      unless it is to begin at random.
      """, valueName: "folder"))
  var encoder: String?

  @Option(
    help: ArgumentHelp(
      "The trained model that language goes on with: a folder, or a GGUF file.", valueName: "path"))
  var weights: String?

  @Option(
    help: ArgumentHelp(
      "A text in what that model knows, on which it is measured too.", valueName: "file"))
  var known: String?

  @Option(help: ArgumentHelp("How many seeds. (default: 3; with --quick 2)", valueName: "count"))
  var seeds: Int?

  @Option(help: ArgumentHelp("Steps per run. (default: 1000)", valueName: "count"))
  var steps: Int?

  @Option(help: ArgumentHelp("The size of the model. (default: 9m)", valueName: "name"))
  var preset: String?

  @Option(help: ArgumentHelp("Threads. (default: one per processor)", valueName: "count"))
  var threads: Int?

  @Option(help: ArgumentHelp("The folder for runs and results.", valueName: "folder"))
  var output = "runs/experiments"

  @Option(help: ArgumentHelp("Also write the results to this JSON file.", valueName: "file"))
  var json: String?

  @Flag(help: "Write the results of the existing runs without starting any.")
  var reportOnly = false

  package init() {}

  package func run() async throws {
    guard let experiment = Experiment(named: name) else {
      throw InputError(
        "There is no experiment '\(name)'. Choose one of "
          + Experiment.allCases.map(\.name).joined(separator: ", ") + ".")
    }
    var scale = quick ? ExperimentScale.quick : .full
    if let seeds {
      guard seeds > 0 else {
        throw InputError("--seeds \(seeds) is not positive. Give 1 or more.")
      }
      scale.seeds = (0..<UInt64(seeds)).map { $0 }
    }
    if let steps { scale.steps = steps }
    if let preset { scale.preset = preset }
    try setThreads(threads)
    Interruption.install()
    let console = Console()
    console.print(processorLine)
    let runner = ExperimentRunner(
      experiment, scale: scale,
      text: try makeText(experiment, scale),
      store: try RunStore(path: output + "/records"))
    let folder = output + "/" + name + (quick ? "-quick" : "")
    let isFinished =
      reportOnly
      ? true
      : try await runner.run { event in
        switch event {
        case .began(let name, let run, let open):
          console.print(
            "\(name), learning rate \(run.configuration.learningRate), seed "
              + "\(run.configuration.seed): \(counted(open, "open run"))")
        case .progress(let name, let progress):
          console.show(
            ProgressLine(progress, isTextLoss: true, name: name), isLast: false)
        case .ended(let name, let run, let loss):
          console.print(
            "\(name), learning rate \(run.configuration.learningRate), seed "
              + "\(run.configuration.seed): validation loss \(PlainText.decimals(loss, 4))")
        case .waiting: console.show(ProgressLine("waiting for other processes"), isLast: false)
        }
        return Interruption.signal == nil
      }
    console.endProgress()
    let results = try ExperimentResults(runner)
    try results.write(to: folder)
    if let json { try results.writeJSON(to: json) }
    console.print(results.table)
    console.print("report      \(folder)/report.html")
    if !isFinished {
      console.warn("Stopped. Repeat the command to continue.")
      throw ExitCode(128 + (Interruption.signal ?? 2))
    }
  }

  private func makeText(_ experiment: Experiment, _ scale: ExperimentScale) throws -> ExperimentText
  {
    guard encoder == nil || experiment.needsEncoder else {
      throw InputError("The experiment \(experiment.name) trains no encoder. Leave out --encoder.")
    }
    guard weights == nil || experiment.needsModel else {
      throw InputError(
        "The experiment \(experiment.name) begins at random. Leave out --weights and --known.")
    }
    if experiment.needsModel {
      guard let weights, let text, let known else {
        throw InputError(
          "The experiment \(experiment.name) needs a trained model, a text to learn and one in what the model "
            + "knows. Give --weights, --text and --known.")
      }
      return try ExperimentText(
        LanguageText(
          weights: weights, text: SourceText(file: text), known: SourceText(file: known),
          sequence: scale.sequence))
    }
    if experiment.needsEncoder {
      guard let encoder, let labelled else {
        throw InputError(
          "The experiment \(experiment.name) needs texts and an encoder. Give --labelled and --encoder."
        )
      }
      return try ExperimentText(
        EncoderText(
          folder: encoder, labelled: LabelledText(file: labelled), length: scale.sequence))
    }
    guard labelled == nil || experiment.takesLabels else {
      throw InputError("The experiment \(experiment.name) learns no labels. Leave out --labelled.")
    }
    guard experiment.needsText else { return try .placeholder() }
    guard let text else {
      throw InputError("There is no text to learn. Give one with --text.")
    }
    return try ExperimentText(
      SourceText(file: text), vocabulary: scale.vocabulary,
      labelled: labelled.map { path throws(InputError) in try LabelledText(file: path) })
  }
}
