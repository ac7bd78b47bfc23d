import ArgumentParser
import Formatting
import Foundation
import JSON
import LanguageModels
import Terminal
import Training

/// `loqt evaluate`: how well a trained model predicts a text.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure the perplexity of a text under a trained model.",
    discussion: """
      The model is the checkpoint of a run by any method, or a Hugging Face folder. The text is cut into windows \
      of --sequence tokens, one after the other; every token but the first of each is predicted once.

      Example: loqt evaluate --weights runs/loqt/checkpoint --text book.txt
      """)

  @Option(help: ArgumentHelp("The folder of the model.", valueName: "folder"))
  var weights: String

  @Option(help: ArgumentHelp("The text to predict, a plain text file.", valueName: "file"))
  var text: String

  @Option(
    help: ArgumentHelp(
      "Tokens per window. (default: what the model was made for, at most 512)", valueName: "count")
  )
  var sequence: Int?

  @Option(
    help: ArgumentHelp(
      "Measure on this many tokens, spread evenly over the text. (default: all)", valueName: "count"
    ))
  var tokens: Int?

  @Flag(help: "Measure only on the part of the text that a run keeps for validation.")
  var validation = false

  @Flag(help: "Print an object in JSON.")
  var json = false

  @Option(help: ArgumentHelp("Threads. (default: one per core)", valueName: "count"))
  var threads: Int?

  func run() throws {
    try setThreads(threads)
    let checkpoint = try Checkpoint(path: weights)
    let positions = checkpoint.model.maxPositions
    let length = sequence ?? min(512, positions)
    guard (1...positions).contains(length) else {
      throw InputError(
        "--sequence \(length) is not a count from 1 to the \(positions) positions of the model. Give one "
          + "that is.")
    }
    if let tokens, tokens < 1 {
      throw InputError("--tokens \(tokens) is not a count. Give 1 or more.")
    }
    let source = try SourceText(file: text)
    let corpus = Corpus(source, tokenizer: checkpoint.tokenizer)
    let parts = validation ? [corpus.validation] : [corpus.training, corpus.validation]
    var (loss, count, bytes) = (0.0, 0, 0.0)
    for part in parts {
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
      throw InputError("\(text) is too short to measure anything on. Give a longer text.")
    }
    let mean = loss / Double(count)
    let bits = loss / bytes / log(2)
    if json {
      let object: JSONValue = [
        "loss": .number(mean), "perplexity": .number(exp(mean)), "bits_per_byte": .number(bits),
        "tokens": .integer(count), "sequence": .integer(length),
      ]
      return print(object.text(.indented))
    }
    print("loss          \(PlainText.decimals(mean, 4)) nats per token")
    print("perplexity    \(PlainText.decimals(exp(mean), 3))")
    print("bits per byte \(PlainText.decimals(bits, 4))")
    print("tokens        \(grouped(count)) in windows of \(length)")
  }
}

extension LanguageModel {
  /// The longest sequence the model was made for.
  var maxPositions: Int { configuration.maxPositions }
}
