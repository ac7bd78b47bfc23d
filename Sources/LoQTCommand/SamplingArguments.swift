import ArgumentParser
import LanguageModels
import Tokenization
import Training

/// The arguments for how a model continues texts.
struct SamplingArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The most tokens to add. (default: 100; with --chat 1000)", valueName: "count"))
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
      "Draw among the fewest likeliest tokens that together have this probability.",
      valueName: "share"))
  var topP = 1.0

  @Option(
    help: ArgumentHelp(
      "Draw among tokens with at least this share of the likeliest one's probability.",
      valueName: "share"))
  var minP = 0.0

  @Option(
    help: ArgumentHelp(
      "Above 1 makes tokens that the text already has less likely.", valueName: "number"))
  var repetitionPenalty = 1.0

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp("End a text where this appears; may be repeated.", valueName: "text"))
  var stop: [String] = []

  @Option(
    parsing: .singleValue,
    help: ArgumentHelp(
      """
      End a text at this token, an id or the spelling of a special token, as well as at the model's own \
      end token; may be repeated.
      """, valueName: "token"))
  var stopToken: [String] = []

  @Flag(help: "Continue past the model's end token.")
  var ignoreEnd = false

  @Option(help: ArgumentHelp("The seed of all draws.", valueName: "number"))
  var seed: UInt64 = 0

  /// How tokens are drawn. Throws an `InputError` for numbers out of range.
  var sampling: Sampling {
    get throws {
      guard temperature.isFinite, temperature >= 0 else {
        throw InputError(
          "--temperature \(temperature) is negative or not finite. Give a number such as 0.8.")
      }
      guard (topK ?? 1) >= 1 else {
        throw InputError("--top-k \(topK ?? 0) is below 1. Give a number such as 40.")
      }
      guard topP > 0, topP <= 1 else {
        throw InputError("--top-p \(topP) is not a share above 0. Give a number such as 0.95.")
      }
      guard (0...1).contains(minP) else {
        throw InputError("--min-p \(minP) is not a share from 0 to 1. Give a number such as 0.05.")
      }
      guard repetitionPenalty.isFinite, repetitionPenalty > 0 else {
        throw InputError(
          "--repetition-penalty \(repetitionPenalty) is not positive. Give a number such as 1.1."
        )
      }
      guard (1...1_000_000).contains(count ?? 1) else {
        throw InputError(
          "--count \(count ?? 0) is not from 1 to 1000000. Give a number such as 100.")
      }
      return Sampling(
        temperature: temperature, topK: topK, topP: topP, minP: minP,
        repetitionPenalty: repetitionPenalty)
    }
  }

  /// A generator for a model. Throws an `InputError` for a stop token that the model lacks.
  ///
  /// - Parameters:
  ///   - checkpoint: The model and its tokenizer.
  ///   - limit: The most tokens to add unless `count` is given.
  func generator(for checkpoint: Checkpoint, limit: Int) throws -> TextGenerator {
    var generator = TextGenerator(
      model: checkpoint.model, tokenizer: checkpoint.tokenizer, sampling: try sampling,
      limit: count ?? limit, stops: stop)
    generator.endTokens.formUnion(checkpoint.companions.endTokens)
    if ignoreEnd { generator.endTokens = [] }
    for token in stopToken {
      let id = Int32(token) ?? checkpoint.tokenizer.specialTokens[token]
      guard let id, (0..<checkpoint.tokenizer.vocabularySize).contains(Int(id)) else {
        throw InputError(
          "--stop-token \(token) is not a token of the model. Give an id from 0 to "
            + "\(checkpoint.tokenizer.vocabularySize - 1) or the spelling of a special token.")
      }
      generator.endTokens.insert(id)
    }
    return generator
  }
}
