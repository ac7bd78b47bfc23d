package import ArgumentParser
import Foundation
import JSON
import TensorFiles
import Training

/// `loqt headline`: the runs that show what fits into 24 GB, one after the other, each in a separate
/// process. Runs that already have a summary are skipped.
package struct Headline: ParsableCommand {
  package static let configuration = CommandConfiguration(
    abstract: "Train the largest models for some steps and compare memory and time with targets.",
    discussion: """
      Takes hours on two cores; if stopped, repeat the command to continue. The summaries of the runs \
      and all figures, in headline.json, are in the folder of --output.
      """)

  @Option(help: ArgumentHelp("The text to learn.", valueName: "file"))
  var text: String

  @Option(help: ArgumentHelp("The folder for the results.", valueName: "folder"))
  var output = "runs/headline"

  @Option(
    help: ArgumentHelp(
      "Run only those whose names begin with one of these, such as size,sequence,1b,7b,13b.",
      valueName: "names"))
  var only: String?

  @Flag(help: "List the runs with their commands without starting any.")
  var list = false

  package init() {}

  package func run() throws {
    let runs = HeadlineRun.all.filter { run in
      only.map { $0.split(separator: ",").contains { run.name.hasPrefix($0) } } ?? true
    }
    if list {
      for run in runs { print("\(run.name): loqt \(arguments(of: run).joined(separator: " "))") }
      return
    }
    try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
    for (index, run) in runs.enumerated() {
      let isDone = FileManager.default.fileExists(atPath: summary(of: run))
      print("[\(index + 1)/\(runs.count)] \(run.name)\(isDone ? ": done" : "")")
      if isDone { continue }
      let process = Process()
      process.executableURL =
        Bundle.main.executableURL ?? URL(filePath: CommandLine.arguments[0])
      process.arguments = arguments(of: run)
      try process.run()
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        throw InputError(
          "The run \(run.name) ended with code \(process.terminationStatus). Repeat the command to "
            + "continue it.")
      }
    }
    var results: [String: RunSummary] = [:]
    for run in HeadlineRun.all where FileManager.default.fileExists(atPath: summary(of: run)) {
      results[run.name] = try RunSummary(path: summary(of: run))
    }
    let figures = HeadlineFigures(results)
    for (series, title) in [
      ("size", "The cost of a step of 256 tokens by the size of the model"),
      ("sequence", "The cost of a step of 130m by the length of its sequence"),
    ] {
      let table = figures.costs(series)
      if !table.isEmpty { print(table) }
      if let drawing = figures.plot(series, title) {
        try AtomicFile.write(drawing, to: "\(output)/\(series).svg")
      }
    }
    print(figures.table)
    try AtomicFile.write(figures.json.text(.indented) + "\n", to: output + "/headline.json")
    print("figures     \(output)/headline.json")
  }

  private func summary(of run: HeadlineRun) -> String { "\(output)/\(run.name).json" }

  private func arguments(of run: HeadlineRun) -> [String] {
    [
      "pretrain", "--text", text, "--model-vocabulary", "32000", "--storage", "bf16",
      "--activation-checkpointing", "--validation-tokens", "0", "--no-checkpoint", "--force",
      "--output", "\(output)/\(run.name)", "--summary", summary(of: run),
    ] + run.arguments
  }
}

/// One run of the headline.
struct HeadlineRun {
  let name: String
  let arguments: [String]

  init(_ name: String, _ preset: String, _ arguments: String) {
    self.name = name
    self.arguments = ["--preset", preset] + arguments.split(separator: " ").map(String.init)
  }

  private static let eightBit = "--optimizer adamw8bit --rest-optimizer adamw8bit"
  /// Two projection events at 1,024 tokens, the second of which merges, and two steps of 256.
  private static let steps = "--steps 4 --merge-gap 2 \(shape)"
  private static let shape = "--merge-batch 4 --batch 1 --sequence 256 --compensation 0"
  private static let large = "--rank 1024 --learning-rate 0.0001 \(eightBit)"

  /// All runs, the short ones first.
  static let all: [HeadlineRun] = sizes + lengths + comparison + largest

  private static var sizes: [HeadlineRun] {
    // Small models have short steps, so the fastest shows only after several.
    let short = ["9m", "20m", "60m", "130m", "350m"].map {
      ($0, "--steps 20 --merge-gap 10 \(shape)")
    }
    return (short + [("1b", steps), ("3b", steps)]).map { preset, steps in
      HeadlineRun("size-\(preset)", preset, "\(steps) \(eightBit) --per-layer-updates")
    }
  }

  private static var lengths: [HeadlineRun] {
    [256, 512, 1_024, 2_048, 4_096].map { length in
      HeadlineRun(
        "sequence-\(length)", "130m",
        "--steps 8 --merge-gap 4 --batch 1 --sequence \(length) --compensation 0 \(eightBit) "
          + "--per-layer-updates")
    }
  }

  private static var comparison: [HeadlineRun] {
    let rate = "--per-layer-updates --learning-rate 0.001"
    return [
      HeadlineRun(
        "1b-loqt", "1b",
        "--rank 512 --steps 4 --merge-gap 2 --batch 1 --sequence 256 --compensation 0 \(rate)"),
      HeadlineRun("1b-full", "1b", "--method full --steps 3 --batch 1 --sequence 256 \(rate)"),
    ]
  }

  private static var largest: [HeadlineRun] {
    [
      HeadlineRun("7b-per-layer", "7b", "\(large) \(steps) --per-layer-updates"),
      HeadlineRun(
        "7b-collected", "7b", "\(large) \(steps) --no-per-layer-updates --clipping-norm 1"),
      HeadlineRun("13b-per-layer", "13b", "\(large) \(steps) --per-layer-updates"),
      HeadlineRun(
        "7b-4096-tokens", "7b",
        "\(large) --steps 3 --merge-schedule geometric --merges 0 --merge-batch 4 --batch 16 "
          + "--sequence 256 --compensation 0 --per-layer-updates"),
      HeadlineRun(
        "7b-event-c5", "7b",
        "\(large) --steps 4 --merge-gap 2 --batch 4 --sequence 256 --per-layer-updates "
          + "--compensation 5 --no-keep-original --no-survival"),
    ]
  }
}
