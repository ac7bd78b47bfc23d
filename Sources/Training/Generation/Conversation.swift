public import Tensors
public import Tokenization

/// A conversation with a model, which computes only the new turns.
public struct Conversation {
  /// The model's format of conversations.
  public let template: ChatTemplate
  /// The instructions for the whole conversation, or nil for the template's own.
  public let system: String?
  /// The turns so far, without the instructions.
  public private(set) var messages: [ChatMessage] = []
  /// The number of the oldest turns that no longer fit into the model's context.
  public private(set) var forgottenCount = 0
  private var generator: TextGenerator

  /// Creates an empty conversation.
  ///
  /// - Parameters:
  ///   - generator: The generator of the answers, which also end at the template's end of a turn.
  ///   - template: The model's format of conversations.
  ///   - system: The instructions for the whole conversation, or nil for the template's own.
  public init(_ generator: TextGenerator, template: ChatTemplate, system: String? = nil) {
    self.generator = generator
    self.template = template
    self.system = system
    if let end = generator.tokenizer.specialTokens[template.turnEnd] {
      self.generator.endTokens.insert(end)
    } else {
      self.generator.stops.append(template.turnEnd)
    }
  }

  /// Answers what the user says. Leaves out the oldest turns if the conversation exceeds the model's context.
  ///
  /// Throws an `InputError` and leaves the conversation unchanged if what the user says leaves no room for
  /// an answer.
  ///
  /// - Parameters:
  ///   - words: What the user says.
  ///   - random: The source of the draws.
  ///   - show: Receives the answer in pieces of whole characters, and returns false to end it.
  public mutating func answer(
    _ words: String, random: inout RandomSource, show: (String) -> Bool = { _ in true }
  ) throws(InputError) -> TextGenerator.Output {
    let asked = messages + [ChatMessage(.user, words)]
    var first = forgottenCount
    var prompt = tokens(of: asked[first...])
    // Drops a user's turn together with its answer.
    while prompt.count >= generator.maxPositions, first + 2 < asked.count {
      first += 2
      prompt = tokens(of: asked[first...])
    }
    guard prompt.count < generator.maxPositions else {
      throw InputError(
        "The message has \(prompt.count) tokens, but the model's context holds "
          + "\(generator.maxPositions). Shorten it.")
    }
    forgottenCount = first
    var reader = generator
    reader.limit = min(generator.limit, generator.maxPositions - prompt.count)
    let output = reader.generate(after: prompt, random: &random, show: show)
    reader.limit = generator.limit
    generator = reader
    messages = asked + [ChatMessage(.assistant, output.text)]
    return output
  }

  /// Forgets all turns.
  public mutating func reset() {
    messages = []
    forgottenCount = 0
  }

  private func tokens(of turns: ArraySlice<ChatMessage>) -> [Int32] {
    let system = system.map { [ChatMessage(.system, $0)] } ?? []
    return generator.tokenizer.encode(template.text(of: system + turns))
  }
}
