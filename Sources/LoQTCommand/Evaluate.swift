import ArgumentParser
import Formatting
import Foundation
import JSON
import LanguageModels
import Terminal
import Training

/// `loqt evaluate`: how well a trained model predicts a text, tells labels, or chooses answers.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure a trained model on a text, on labelled texts, or on questions with choices.",
    discussion: """
      The model is the checkpoint of a run by any method, a Hugging Face folder, or a GGUF file.

      --text: the perplexity of a text. It is cut into windows of --sequence tokens, one behind the other, \
      in which every token is predicted once, but for the text's first one. With --stride windows \
      overlap, and a token is predicted from at least --sequence less --stride tokens before it where \
      there are as many. Windows of models that know beginnings by a token begin with it, and the first \
      token is predicted from that.
      --classify: accuracy, F1 and Matthews' correlation of a classifier, or Pearson's and Spearman's of \
      numbers.
      --choices: the share of questions whose right answer is the likeliest, also by its length. Each line \
      is {"prompt": "...", "choices": ["...", "..."], "answer": 0}.

      Example: loqt evaluate --weights runs/loqt/checkpoint --text book.txt
      """)

  @Option(help: ArgumentHelp("The model: a folder, or a GGUF file.", valueName: "path"))
  var weights: String

  @Option(
    help: ArgumentHelp("The model that the adapter of --weights is over.", valueName: "folder"))
  var base: String?

  @Option(help: ArgumentHelp("The text to predict, a plain text file.", valueName: "file"))
  var text: String?

  @OptionGroup(title: "Classification")
  var classifier: ClassifierArguments

  @Option(help: ArgumentHelp("Questions with choices, as JSON lines.", valueName: "file"))
  var choices: String?

  @Option(
    help: ArgumentHelp(
      "Tokens of a window, or of a text. (default: what the model was made for, at most 512)",
      valueName: "count")
  )
  var sequence: Int?

  @Option(
    help: ArgumentHelp(
      "Tokens from one window to the next. (default: --sequence, so that none overlap)",
      valueName: "count"))
  var stride: Int?

  @Option(
    help: ArgumentHelp(
      "Measure on so many tokens of the text, spread evenly. (default: all)", valueName: "count"))
  var tokens: Int?

  @Flag(help: "Measure only on the part of the text that a run keeps for validation.")
  var validation = false

  @Flag(help: "Print an object in JSON.")
  var json = false

  @Option(help: ArgumentHelp("Threads. (default: one per core)", valueName: "count"))
  var threads: Int?

  func run() throws {
    try setThreads(threads)
    let asked = [text, classifier.classify, choices].compactMap { $0 }
    guard asked.count == 1 else {
      throw InputError(
        asked.isEmpty
          ? "There is nothing to measure on. Give --text, --classify or --choices."
          : "--text, --classify and --choices are measured one at a time. Give one of them.")
    }
    let source = try ModelSource(path: weights)
    let positions = source.configuration.maxPositions
    let length = sequence ?? min(512, positions)
    guard (1...positions).contains(length) else {
      throw InputError(
        "--sequence \(length) is not a count from 1 to the \(positions) positions of the model. Give one "
          + "that is.")
    }
    let results: (json: JSONValue, text: String)
    if let file = classifier.classify {
      results = try classification(file, source, length: length)
    } else if let file = choices {
      results = try multipleChoice(file, source)
    } else {
      results = try perplexity(text ?? "", source, length: length)
    }
    print(json ? results.json.text(.indented) : results.text)
  }

  private func perplexity(_ file: String, _ model: ModelSource, length: Int) throws
    -> (JSONValue, String)
  {
    if let tokens, tokens < 1 {
      throw InputError("--tokens \(tokens) is not a count. Give 1 or more.")
    }
    if let stride {
      guard (1...length).contains(stride) else {
        throw InputError(
          "--stride \(stride) is not a count from 1 to the \(length) tokens of a window. Give one that is."
        )
      }
      guard tokens == nil else {
        throw InputError(
          "--tokens takes windows apart, --stride overlapping ones. Give one of them.")
      }
    }
    let checkpoint = try Checkpoint(model)
    let source = try SourceText(file: file)
    let stream = TokenStream(
      validation ? source.validation : source.training + source.validation,
      tokenizer: checkpoint.tokenizer, recognizingSpecialTokens: true)
    try stream.checkRoom(sequence: length)
    let (loss, count, bytes) = checkpoint.model.loss(
      of: stream, sequence: length, stride: stride, tokens: tokens)
    guard count > 0 else {
      throw InputError("\(file) is too short to predict anything of. Give a longer text.")
    }
    let mean = loss / Double(count)
    let bits = loss / bytes / log(2)
    let object: JSONValue = [
      "loss": .number(mean), "perplexity": .number(exp(mean)), "bits_per_byte": .number(bits),
      "tokens": .integer(count), "sequence": .integer(length),
      "stride": .integer(stride ?? length),
    ]
    return (
      object,
      """
      loss          \(PlainText.decimals(mean, 4)) nats a token
      perplexity    \(PlainText.decimals(exp(mean), 3))
      bits a byte   \(PlainText.decimals(bits, 4))
      tokens        \(grouped(count)) in windows of \(length)\(stride.map { " that begin \($0) apart" } ?? "")
      """
    )
  }

  private func classification(_ file: String, _ model: ModelSource, length: Int) throws
    -> (JSONValue, String)
  {
    let checkpoint = try ClassifierCheckpoint(model)
    let configuration = checkpoint.model.configuration
    let text = try LabelledText(
      file: file, columns: classifier.labelColumns,
      kind: configuration.isRegression
        ? .numbers : .knownClasses(configuration.labels.map { Array($0.utf8) }, of: weights))
    let scores = checkpoint.scores(on: text, length: length)
    let notices = text.notices.map { "note: \($0)\n" }.joined()
    return (scores.json, notices + scores.table.trimmingCharacters(in: .newlines))
  }

  private func multipleChoice(_ file: String, _ model: ModelSource) throws -> (JSONValue, String) {
    let questions = try MultipleChoice.questions(file: file)
    let checkpoint = try Checkpoint(model)
    let scores = MultipleChoice.Scores(
      questions.map { question in
        (question, checkpoint.model.logLikelihoods(of: question, tokenizer: checkpoint.tokenizer))
      })
    return (
      scores.json,
      """
      accuracy                    \(PlainText.decimals(scores.accuracy, 4))
      by characters of a choice   \(PlainText.decimals(scores.normalisedAccuracy, 4))
      by tokens of a choice       \(PlainText.decimals(scores.tokenAccuracy, 4))
      questions                   \(grouped(scores.count))
      """
    )
  }
}

extension LanguageModel {
  /// The negative log-likelihood in nats of a text's windows, how many tokens were predicted, and the bytes that
  /// they stand for: of overlapping windows with a stride, of some windows for a count of tokens.
  fileprivate func loss(of stream: TokenStream, sequence: Int, stride: Int?, tokens: Int?)
    -> (sum: Double, count: Int, bytes: Double)
  {
    if let stride { return slidingLoss(of: stream, sequence: sequence, stride: stride) }
    let windows =
      tokens.map {
        EvaluationWindows.spread(
          max(1, $0 / sequence), over: stream, sequence: sequence, batchSize: 8)
      } ?? .all(of: stream, sequence: sequence, batchSize: 8)
    let count = windows.tokenCount
    return (count == 0 ? 0 : meanLoss(over: windows) * Double(count), count, windows.byteCount)
  }
}
