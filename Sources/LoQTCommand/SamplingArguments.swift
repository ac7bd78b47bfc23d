import ArgumentParser
import LanguageModels
import Tokenization
import Training

/// How a model continues texts.
struct SamplingArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Tokens to add at most. (default: 100, in a conversation 1000)", valueName: "count"))
  var count: Int?

  @Option(
    help: ArgumentHelp(
      "Divides the logits: below 1 favours likely tokens, 0 always takes the likeliest.",
      valueName: "number"))
  var temperature = 0.8

  @Option(help: ArgumentHelp("Draw among this many of the likeliest tokens.", valueName: "count"))
  var topK: Int?

  @Option(
    help: ArgumentHelp(
      "Draw among as few of the likeliest tokens as have this probability together.",
      valueName: "share"))
  var topP = 1.0

  @Option(
    help: ArgumentHelp(
      "Draw among tokens with at least this share of the likeliest one's probability.",
      valueName: "share"))
  var minP = 0.0

  @Option(
    help: ArgumentHelp(
      "Above 1 makes tokens less likely that the text has already.", valueName: "number"))
  var repetitionPenalty = 1.0

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("End a text where this appears; may be given again.", valueName: "text"))
  var stop: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      End a text at this token, an id or a special token as it is spelled; may be given again, and adds to \
      the model's own.
      """, valueName: "token"))
  var stopToken: [String] = []

  @Flag(help: "Go on past the tokens that end a text.")
  var ignoreEnd = false

  @Option(help: ArgumentHelp("Decides every draw.", valueName: "number"))
  var seed: UInt64 = 0

  /// How tokens are drawn. Throws an `InputError` for numbers that cannot be.
  var sampling: Sampling {
    get throws {
      guard temperature.isFinite, temperature >= 0 else {
        throw InputError(
          "--temperature \(temperature) is not a number from 0 on. Give one such as 0.8.")
      }
      guard (topK ?? 1) >= 1 else {
        throw InputError("--top-k \(topK ?? 0) is below 1. Give one such as 40.")
      }
      guard topP > 0, topP <= 1 else {
        throw InputError("--top-p \(topP) is not a share above 0. Give one such as 0.95.")
      }
      guard (0...1).contains(minP) else {
        throw InputError("--min-p \(minP) is not a share from 0 to 1. Give one such as 0.05.")
      }
      guard repetitionPenalty.isFinite, repetitionPenalty > 0 else {
        throw InputError(
          "--repetition-penalty \(repetitionPenalty) is not a positive number. Give one such as 1.1."
        )
      }
      guard (1...1_000_000).contains(count ?? 1) else {
        throw InputError("--count \(count ?? 0) is not a number of tokens. Give 1 or more.")
      }
      return Sampling(
        temperature: temperature, topK: topK, topP: topP, minP: minP,
        repetitionPenalty: repetitionPenalty)
    }
  }

  /// What continues texts with a model. Throws an `InputError` for a token that it has not.
  ///
  /// - Parameters:
  ///   - checkpoint: The model and its tokenizer.
  ///   - limit: Tokens to add at most, where nothing was said.
  func generator(for checkpoint: Checkpoint, limit: Int) throws -> TextGenerator {
    var generator = TextGenerator(
      model: checkpoint.model, tokenizer: checkpoint.tokenizer, sampling: try sampling,
      limit: count ?? limit, stops: stop)
    if ignoreEnd { generator.endTokens = [] }
    for token in stopToken {
      let id = Int32(token) ?? checkpoint.tokenizer.specialTokens[token]
      guard let id, (0..<checkpoint.tokenizer.vocabularySize).contains(Int(id)) else {
        throw InputError(
          "--stop-token \(token) is no token of the model. Give an id from 0 to "
            + "\(checkpoint.tokenizer.vocabularySize - 1), or a special token as it is spelled.")
      }
      generator.endTokens.insert(id)
    }
    return generator
  }
}
