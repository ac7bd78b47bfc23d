import ArgumentParser
import LoQTStudies
import Training

/// The command `loqt`.
@main
struct LoQTCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "loqt",
    abstract: "Train language models with 4-bit weights and low-rank updates (LoQT).",
    discussion: """
      Example: loqt pretrain --text book.txt

      LoQT (Loeschcke et al., 2024, arXiv 2405.16528) keeps the matrices of a model in 4 bits and \
      trains them through low-rank updates, which are merged into the matrices from time to time.
      """,
    version: "loqt \(ProgramVersion.current)",
    subcommands: [
      Pretrain.self, FineTune.self, Resume.self, Compare.self, Generate.self, Evaluate.self,
      Export.self, Inspect.self, Estimate.self, Methods.self, Doctor.self,
      Headline.self, ExperimentCommand.self,
    ])

  /// Runs the command, with the options of the file that it names.
  static func main() async {
    do {
      try checkArguments()
      try CommandLineOptions.take(Array(CommandLine.arguments.dropFirst()))
      try Resume.check(CommandLineOptions.current)
    } catch {
      exit(withError: error)
    }
    await main(CommandLineOptions.current.words)
  }

  /// Throws where an argument is not UTF-8: as a string it would be the name of another file.
  private static func checkArguments() throws {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let bytes = CommandLine.unsafeArgv[index], String(validatingCString: bytes) == nil
      else { continue }
      throw InputError(
        "Argument \(index), \(CommandLine.arguments[index]), is not valid UTF-8. Give the file another name, or "
          + "a link to it.")
    }
  }
}
