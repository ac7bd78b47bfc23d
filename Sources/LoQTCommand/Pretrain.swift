import ArgumentParser

/// `loqt pretrain`: trains a model on a text.
struct Pretrain: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Train a language model on a text, from a random start or a trained one.",
    discussion: """
      Only --text is needed: the other settings follow from the method and the length of the run. \
      --weights starts from a trained model instead, with any method. \
      Ctrl-C finishes the current step, saves the run and says where; loqt resume goes on with it.
      """)

  @OptionGroup
  var arguments: TrainingArguments

  func run() async throws {
    try await TrainingRun(arguments, isFineTuning: false).run()
  }
}
