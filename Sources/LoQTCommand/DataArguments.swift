public import ArgumentParser
import Formatting
import Tokenization
public import Training

/// Where the data of a language model are.
struct DataPaths: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      A text to learn: a plain text file, a folder with its .txt, .text and .md files in the order of \
      their paths, or - for the standard input. May be given again for more.
      """, valueName: "path"), completion: .file())
  var text: [String] = []

  @Option(
    parsing: .upToNextOption,
    help: ArgumentHelp(
      """
      Examples to learn: files of JSON Lines or arrays, or -. The fields are told by the first example: \
      "messages" or "conversations", "prompt" and "completion", "instruction", "input" and "output", or \
      "text".
      """, valueName: "file"), completion: .file())
  var data: [String] = []

  @Option(
    help: ArgumentHelp(
      """
      What to measure on, of the same kind. (default: the last twentieth of a text; examples spread over \
      all of them)
      """, valueName: "file"), completion: .file())
  var validation: String?
}

/// What a language model is to learn.
struct DataArguments: ParsableArguments {
  @OptionGroup
  var paths: DataPaths

  /// Paths of texts.
  var text: [String] { paths.text }
  /// Paths of examples.
  var data: [String] { paths.data }
  /// The path of what is measured on.
  var validation: String? { paths.validation }

  @Option(
    help: ArgumentHelp(
      """
      How conversations are written for the model: \(ChatTemplate.names.joined(separator: ", ")). \
      (default: the model's own)
      """, valueName: "name"))
  var chatTemplate: String?

  @Option(
    help: ArgumentHelp(
      """
      What of an example the loss is taken on: completions, which are the turns of the assistant in \
      conversations, or all. (default: completions)
      """, valueName: "name"))
  var loss: LossScope?

  @Option(
    help: ArgumentHelp(
      """
      How windows are filled: joined (one text behind the other, cut anywhere), separate (several \
      examples, none of which sees another), none (one example). (default: separate for examples, joined \
      for texts)
      """, valueName: "name"))
  var packing: Packing?

  @Option(
    help: ArgumentHelp(
      """
      What special tokens become that are spelled in the data: text or tokens. (default: text in \
      conversations, tokens elsewhere)
      """, valueName: "name"))
  var specialTokens: SpecialTokenRule?

  /// All of it.
  var trainingData: TrainingData {
    var data = TrainingData()
    data.texts = paths.text
    data.examples = paths.data
    data.validation = paths.validation
    data.chatTemplate = chatTemplate
    data.loss = loss ?? .completions
    data.packing = packing
    data.specialTokens = specialTokens
    return data
  }

  /// What a saved run read, from where these arguments say that it is now.
  func trainingData(of settings: RunSettings) -> TrainingData {
    var saved = settings.data ?? TrainingData()
    if settings.data == nil { saved.texts = [settings.text] }
    if !text.isEmpty { (saved.texts, saved.examples) = (text, []) }
    if !data.isEmpty { (saved.texts, saved.examples) = ([], data) }
    saved.validation = validation ?? saved.validation
    return saved
  }
}

extension LossScope: ExpressibleByArgument {}
extension Packing: ExpressibleByArgument {}
extension SpecialTokenRule: ExpressibleByArgument {}

extension DataStatistics {
  /// One line for people.
  func line(sequence: Int) -> String {
    var parts = [
      "\(grouped(examples)) examples to train on, \(grouped(validationExamples)) to validate",
      "\(grouped(tokens)) tokens, \(PlainText.decimals(100 * learntShare, 1)) % of them with loss",
      "longest \(grouped(longest))",
      "\(grouped(windows)) windows",
    ]
    if truncated > 0 { parts.append("\(grouped(truncated)) cut off at \(sequence + 1) tokens") }
    if leftOut > 0 {
      parts.append("\(grouped(leftOut)) left out, with nothing to learn in a window")
    }
    return parts.joined(separator: ", ")
  }
}
