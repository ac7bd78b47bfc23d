import ArgumentParser
import Foundation
import JSON
import Tensors
import Terminal
import Tokenization
import Training

/// `loqt generate`: continues texts with a trained model, or chats with it.
struct Generate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Continue a text with a trained model, or chat with it.",
    discussion: """
      The model is the checkpoint of a run by any method, a Hugging Face folder, or a GGUF file. The text \
      appears as it is generated. With --chat the text is a message, which the model answers in its own \
      template; without a text you chat until Ctrl-D.

      Examples:
        loqt generate --weights runs/loqt/checkpoint --prompt "In the beginning"
        loqt generate --weights SmolLM2-135M-Instruct --chat
      """)

  @Option(help: ArgumentHelp("The model: a folder, or a GGUF file.", valueName: "path"))
  var weights: String

  @Option(
    help: ArgumentHelp("The model that the adapter of --weights is over.", valueName: "folder"))
  var base: String?

  @Option(help: ArgumentHelp("The text to continue.", valueName: "text"))
  var prompt: String?

  @Option(
    help: ArgumentHelp("A file with one text to continue per line.", valueName: "file"))
  var prompts: String?

  @Flag(help: "Treat the text as a message and answer it.")
  var chat = false

  @Option(
    help: ArgumentHelp("The instructions for the whole conversation.", valueName: "text"))
  var system: String?

  @Option(
    help: ArgumentHelp(
      """
      The format of conversations: \(ChatTemplate.names.joined(separator: ", ")). \
      (default: the model's own)
      """, valueName: "name"))
  var chatTemplate: String?

  @OptionGroup(title: "Sampling")
  var arguments: SamplingArguments

  @Flag(help: "Recognise special tokens that are spelled out in a text.")
  var recognizeSpecialTokens = false

  @Flag(
    help: "Print one JSON object per line for each text, instead of the text as it is generated.")
  var json = false

  @Flag(help: "Print the speed at the end.")
  var timing = false

  @Option(help: ArgumentHelp("Threads. (default: one per core)", valueName: "count"))
  var threads: Int?

  func run() throws {
    let texts = try texts
    _ = try arguments.sampling
    try setThreads(threads)
    let checkpoint = try Checkpoint(ModelSource(path: weights, base: base))
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
      throw InputError("The text to continue is empty. Give at least one character.")
    }
    try show(text, index, echoes: true) { show in
      generator.generate(after: tokens, random: &random, show: show)
    }
  }

  private func random(_ index: Int) -> RandomSource {
    RandomSource(seed: arguments.seed).split("generate").split(UInt64(index))
  }

  /// Prints what `generate` produces: piece by piece, after the text if it `echoes`, or as a JSON object.
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
          throw InputError("\(file) has no lines. Write one text to continue per line.")
        }
        return lines
      case (nil, nil):
        guard chat else {
          throw InputError(
            "There is no text to continue. Give one with --prompt, a file with --prompts, or chat with "
              + "--chat.")
        }
        return []
      case (_?, _?):
        throw InputError(
          "--prompt and --prompts exclude each other. Leave one of them out.")
      }
    }
  }

  private func template(of checkpoint: Checkpoint) throws -> ChatTemplate {
    if let chatTemplate {
      guard let template = ChatTemplate(named: chatTemplate) else {
        throw InputError(
          "There is no chat template named \(chatTemplate). Choose one of "
            + "\(ChatTemplate.names.joined(separator: ", ")).")
      }
      return template
    }
    guard let template = checkpoint.tokenizer.chatTemplate else {
      throw InputError(
        "\(weights) has no chat template of a known kind. Choose one with "
          + "--chat-template: \(ChatTemplate.names.joined(separator: ", ")).")
    }
    return template
  }
}

extension Generate {
  /// Answers each line of input until its end.
  private func converse(_ conversation: Conversation) throws {
    var conversation = conversation
    let isTerminal = isatty(STDIN_FILENO) == 1
    if isTerminal {
      write(
        "Enter sends a message, /reset starts over, Ctrl-C ends an answer, Ctrl-D the conversation.\n"
      )
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
        write("(The oldest turns no longer fit into the model's context.)\n")
      }
    }
    if isTerminal { write("\n") }
  }
}

private func write(_ text: String) {
  // A closed pipe is no reason to fail.
  try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
}
