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
      The model is the checkpoint of a run by any method, or a Hugging Face folder.

      --text: the perplexity of a text. It is cut into windows of --sequence tokens, one behind the other; \
      every token but the first of each is predicted once. With --stride windows overlap, and every token \
      but the text's first is predicted once, from at least --sequence less --stride tokens before it \
      where there are as many.
      --classify: accuracy, F1 and Matthews' correlation of a classifier, or Pearson's and Spearman's of \
      numbers.
      --choices: the share of questions whose right answer is the likeliest, also by its length. Each line \
      is {"prompt": "...", "choices": ["...", "..."], "answer": 0}.

      Example: loqt evaluate --weights runs/loqt/checkpoint --text book.txt
      """)

  @Option(help: ArgumentHelp("The folder of the model.", valueName: "folder"))
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
    let corpus = Corpus(try SourceText(file: file), tokenizer: checkpoint.tokenizer)
    let parts = validation ? [corpus.validation] : [corpus.training, corpus.validation]
    var (loss, count, bytes) = (0.0, 0, 0.0)
    for part in parts {
      if let stride {
        let found = checkpoint.model.slidingLoss(of: part, sequence: length, stride: stride)
        loss += found.sum
        count += found.count
        bytes += found.bytes
        continue
      }
      let windows =
        tokens.map {
          EvaluationWindows.spread(
            max(1, $0 / parts.count / length), over: part, sequence: length, batchSize: 8)
        } ?? .all(of: part, sequence: length, batchSize: 8)
      guard windows.tokenCount > 0 else { continue }
      loss += checkpoint.model.meanLoss(over: windows) * Double(windows.tokenCount)
      count += windows.tokenCount
      bytes += windows.byteCount
    }
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
