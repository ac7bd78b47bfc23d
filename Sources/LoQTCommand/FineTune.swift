import ArgumentParser
import Training

/// `loqt finetune`: trains a trained model further on a text.
struct FineTune: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "finetune",
    abstract: "Go on with a trained language model on texts, conversations or other examples.",
    discussion: """
      --weights and --data or --text are needed. It is the training of `loqt pretrain` with the model's own \
      sizes and tokens, its options and its files, and a tenth of its learning rates; adapters begin as is \
      usual for them. Of examples the completions are learnt, and none sees another. \
      Ctrl-C finishes the current step, saves the run and says where; loqt resume goes on with it.

      Examples:
        loqt finetune --weights SmolLM2-135M-Instruct --data chats.jsonl --fit 8G
        loqt finetune --weights SmolLM2-135M --text book.txt --method qlora
        loqt finetune --weights MiniLM-L6 --classify reviews.csv --validation others.csv
      """)

  @OptionGroup
  var arguments: TrainingArguments

  @OptionGroup(title: "Classification")
  var classifier: ClassifierArguments

  func run() async throws {
    guard arguments.runArguments.weights != nil || arguments.resume != nil else {
      throw InputError(
        "There is no model to fine-tune. Give its folder with --weights, or begin at random with "
          + "loqt pretrain.")
    }
    if try ClassifierRun.isWanted(arguments, classifier) {
      return try await ClassifierRun(arguments, classifier).run()
    }
    try await TrainingRun(arguments, isFineTuning: true).run()
  }
}
