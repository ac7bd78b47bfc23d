import ArgumentParser
import Training

/// `loqt finetune`: trains a trained model further on a text.
struct FineTune: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Train a trained language model further, on texts, conversations or other examples.",
    discussion: """
      --weights and --data or --text are required. Options and files are those of `loqt pretrain`; sizes and \
      tokens are the model's own, and learning rates are a tenth of those for a random start; adapters \
      start with the usual settings for them. The loss of examples is that of their completions, and none \
      attends to another. \
      Ctrl-C finishes the current step, saves the run and says where; --resume continues it.

      Examples:
        loqt finetune --weights SmolLM2-135M-Instruct --data chats.jsonl --fit 8G
        loqt finetune --weights SmolLM2-135M --text book.txt --method qlora
      """)

  @OptionGroup
  var arguments: TrainingArguments

  func run() async throws {
    guard arguments.runArguments.weights != nil || arguments.resume != nil else {
      throw InputError(
        "There is no model to fine-tune. Give its folder with --weights, or begin at random with "
          + "loqt pretrain.")
    }
    try await TrainingRun(arguments, isFineTuning: true).run()
  }
}
