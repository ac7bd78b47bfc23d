import ArgumentParser
import Training

/// `loqt finetune`: trains a trained model further on a text.
struct FineTune: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Train a trained language model further on a text.",
    discussion: """
      --weights and --text are required. Options and files are those of `loqt pretrain`; sizes and tokens are \
      the model's own, and learning rates are a tenth of those for a random start. \
      Ctrl-C finishes the current step, saves the run and says where; --resume continues it.

      Example: loqt finetune --weights SmolLM2-135M --text book.txt
      """)

  @OptionGroup
  var arguments: TrainingArguments

  func run() async throws {
    guard arguments.runArguments.weights != nil || arguments.resume != nil else {
      throw InputError(
        "There is no model to fine-tune. Give its folder with --weights, or begin at random with "
          + "loqt pretrain.")
    }
    try await TrainingRun(arguments).run()
  }
}
