import ArgumentParser
import Foundation
import LanguageModels
import Tensors
import Terminal
import Tokenization
import Training

/// `loqt generate`: continues texts with a trained model.
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Continue a text with a trained model.",
    discussion: """
      The model is the checkpoint of a run by any method, or a Hugging Face folder. The text appears as it is \
      written.

      Example: loqt generate --weights runs/loqt/checkpoint --prompt "In the beginning"
      """)

  @Option(help: ArgumentHelp("The folder of the model.", valueName: "folder"))
  var weights: String

  @Option(
    help: ArgumentHelp("The model that the adapter of --weights is over.", valueName: "folder"))
  var base: String?

  @Option(help: ArgumentHelp("The text to continue.", valueName: "text"))
  var prompt: String?

  @Option(
    help: ArgumentHelp("A file with a text to continue on each line.", valueName: "file"))
  var prompts: String?

  @Option(help: ArgumentHelp("Tokens to add at most.", valueName: "count"))
  var count = 100

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

  @Option(help: ArgumentHelp("Decides every draw.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(help: ArgumentHelp("Threads. (default: one a core)", valueName: "count"))
  var threads: Int?

  func run() throws {
    let sampling = try sampling
    guard (1...1_000_000).contains(count) else {
      throw InputError("--count \(count) is not a number of tokens. Give 1 or more.")
    }
    let texts = try texts
    try setThreads(threads)
    let checkpoint = try Checkpoint(ModelSource(path: weights, base: base))
    for (index, text) in texts.enumerated() {
      let tokens = checkpoint.tokenizer.encode(text)
      guard !tokens.isEmpty else {
        throw InputError("The text to continue is empty. Give at least a letter.")
      }
      if index > 0 { print() }
      var random = RandomSource(seed: seed).split("generate").split(UInt64(index))
      var written = StreamedText(text)
      _ = checkpoint.model.generate(
        prompts: [tokens], count: count, sampling: sampling, random: &random
      ) { token, _ in
        written.append(token, checkpoint.tokenizer, stop: stop)
      }
      written.finish()
    }
  }

  private var sampling: Sampling {
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
      return Sampling(
        temperature: temperature, topK: topK, topP: topP, minP: minP,
        repetitionPenalty: repetitionPenalty)
    }
  }

  private var texts: [String] {
    get throws {
      switch (prompt, prompts) {
      case (let prompt?, nil): return [prompt]
      case (nil, let file?):
        let lines = try SourceText.lines(ofFile: file)
        guard !lines.isEmpty else {
          throw InputError("\(file) has no line to continue. Give one a line.")
        }
        return lines
      case (nil, nil):
        throw InputError(
          "There is no text to continue. Give one with --prompt, or a file with --prompts.")
      case (_?, _?):
        throw InputError(
          "--prompt and --prompts are two ways to say the same. Leave one of them out.")
      }
    }
  }
}
