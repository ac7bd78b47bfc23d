import ArgumentParser
import LoQTStudies

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
    subcommands: [
      Pretrain.self, FineTune.self, Generate.self, Evaluate.self, Export.self, Inspect.self,
      Estimate.self,
      Doctor.self,
      Headline.self, ExperimentCommand.self,
    ])
}
