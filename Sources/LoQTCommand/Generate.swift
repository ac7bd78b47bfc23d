import ArgumentParser
import Foundation
import JSON
import Tensors
import Terminal
import Tokenization
import Training

/// `loqt generate`: continues texts with a trained model, or talks with it.
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Continue a text with a trained model, or talk with it.",
    discussion: """
      The model is the checkpoint of a run by any method, or a Hugging Face folder. The text appears as it is \
      written. With --chat the text is what a person says and the model answers in its own template; \
      without a text the conversation goes on until Ctrl-D.

      Examples:
        loqt generate --weights runs/loqt/checkpoint --prompt "In the beginning"
        loqt generate --weights SmolLM2-135M-Instruct --chat
      """)

  @Option(help: ArgumentHelp("The folder of the model.", valueName: "folder"))
  var weights: String

  @Option(help: ArgumentHelp("The text to continue.", valueName: "text"))
  var prompt: String?

  @Option(
    help: ArgumentHelp("A file with a text to continue on each line.", valueName: "file"))
  var prompts: String?

  @Flag(help: "Take the text for what a person says, and answer.")
  var chat = false

  @Option(
    help: ArgumentHelp("The instructions for the whole conversation.", valueName: "text"))
  var system: String?

  @Option(
    help: ArgumentHelp(
      """
      How turns are written for the model: \(ChatTemplate.names.joined(separator: ", ")). \
      (default: the model's own)
      """, valueName: "name"))
  var chatTemplate: String?

  @OptionGroup(title: "How it continues")
  var arguments: SamplingArguments

  @Flag(help: "Take special tokens that are spelled in a text for these tokens.")
  var recognizeSpecialTokens = false

  @Flag(
    help: "Print an object in JSON for each text, a line each, instead of the text as it comes.")
  var json = false

  @Flag(help: "Say at the end how fast it was.")
  var timing = false

  @Option(help: ArgumentHelp("Threads. (default: one a core)", valueName: "count"))
  var threads: Int?

  func run() throws {
    let texts = try texts
    _ = try arguments.sampling
    try setThreads(threads)
    let checkpoint = try Checkpoint(path: weights)
    let generator = try arguments.generator(for: checkpoint, limit: chat ? 1_000 : 100)
    guard chat else {
      for (index, text) in texts.enumerated() {
        try complete(text, index, generator)
      }
      return
    }
    let template = try template(of: checkpoint)
    let conversation = Conversation(generator, template: template, system: system)
    if texts.isEmpty { return try converse(conversation) }
    for (index, text) in texts.enumerated() {
      var conversation = conversation
      var random = random(index)
      try show(text, index, echoes: false) { show in
        try conversation.answer(text, random: &random, show: show)
      }
    }
  }

  private func complete(_ text: String, _ index: Int, _ generator: TextGenerator) throws {
    var (generator, random) = (generator, random(index))
    let tokenizer = generator.tokenizer
    let tokens =
      tokenizer.startTokens
      + tokenizer.encode(
        bytes: Array(text.utf8), recognizingSpecialTokens: recognizeSpecialTokens)
    guard !tokens.isEmpty else {
      throw InputError("The text to continue is empty. Give at least a letter.")
    }
    try show(text, index, echoes: true) { show in
      generator.generate(after: tokens, random: &random, show: show)
    }
  }

  private func random(_ index: Int) -> RandomSource {
    RandomSource(seed: arguments.seed).split("generate").split(UInt64(index))
  }

  /// Prints what `generate` writes as it comes, behind the text where it `echoes`, or as an object.
  private func show(
    _ text: String, _ index: Int, echoes: Bool,
    _ generate: ((String) -> Bool) throws -> TextGenerator.Output
  ) throws {
    let clock = ContinuousClock()
    let start = clock.now
    if json {
      let output = try generate { _ in true }
      let object: JSONValue = [
        "prompt": .string(text), "completion": .string(output.text),
        "tokens": .integer(output.tokenCount), "ending": .string(output.ending.rawValue),
      ]
      write(object.text(.compact) + "\n")
      return tell(output, clock.now - start)
    }
    if index > 0 { write("\n") }
    if echoes { write(printable(text)) }
    let output = try generate { piece in
      write(printable(piece))
      return true
    }
    write("\n")
    tell(output, clock.now - start)
  }

  private func tell(_ output: TextGenerator.Output, _ duration: Duration) {
    guard timing else { return }
    let seconds = duration / .seconds(1)
    let rate = Double(output.tokenCount) / max(seconds, 1e-9)
    try? FileHandle.standardError.write(
      contentsOf: Data(
        "\(output.tokenCount) tokens in \(String(format: "%.2f", seconds)) s, "
          .appending("\(String(format: "%.1f", rate)) tokens/s\n").utf8))
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
        guard chat else {
          throw InputError(
            "There is no text to continue. Give one with --prompt, a file with --prompts, or talk with "
              + "--chat.")
        }
        return []
      case (_?, _?):
        throw InputError(
          "--prompt and --prompts are two ways to say the same. Leave one of them out.")
      }
    }
  }

  private func template(of checkpoint: Checkpoint) throws -> ChatTemplate {
    if let chatTemplate {
      guard let template = ChatTemplate(named: chatTemplate) else {
        throw InputError(
          "There is no template \(chatTemplate). Give one of "
            + "\(ChatTemplate.names.joined(separator: ", ")).")
      }
      return template
    }
    guard let template = checkpoint.tokenizer.chatTemplate else {
      throw InputError(
        "\(weights) does not say how conversations are written for it. Name a template with "
          + "--chat-template: \(ChatTemplate.names.joined(separator: ", ")).")
    }
    return template
  }
}

extension Generate {
  /// Reads what a person says, a line a turn, and answers, until the end of the input.
  private func converse(_ conversation: Conversation) throws {
    var conversation = conversation
    let isTerminal = isatty(STDIN_FILENO) == 1
    if isTerminal {
      write(
        "A line is a turn. /reset begins anew, Ctrl-C ends an answer, Ctrl-D the conversation.\n")
    }
    var random = random(0)
    var forgotten = 0
    while true {
      if isTerminal { write("\n> ") }
      guard let line = readLine() else { break }
      let words = line.trimmingCharacters(in: .whitespaces)
      if words.isEmpty { continue }
      if words == "/reset" {
        conversation.reset()
        forgotten = 0
        continue
      }
      do {
        try Interruption.during {
          try show(words, 0, echoes: false) { show in
            try conversation.answer(words, random: &random) { piece in
              show(piece) && Interruption.signal == nil
            }
          }
        }
      } catch let error as InputError where isTerminal {
        write("\(error)\n")
      }
      if conversation.forgottenCount > forgotten, isTerminal {
        forgotten = conversation.forgottenCount
        write("(The model sees the last turns only: it was made for no longer text.)\n")
      }
    }
    if isTerminal { write("\n") }
  }
}

private func write(_ text: String) {
  // A reader that has gone is no reason to fail.
  try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
}
