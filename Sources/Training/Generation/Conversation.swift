public import Tensors
public import Tokenization

/// A conversation with a model: turns in its template, of which only the new ones are computed.
public struct Conversation {
  /// How turns are written for the model.
  public let template: ChatTemplate
  /// The instructions for the whole conversation; the template's own when nil.
  public let system: String?
  /// The turns so far, without the system's.
  public private(set) var messages: [ChatMessage] = []
  /// The oldest turns that the model does not see any more, for it was made for no longer text.
  public private(set) var forgottenCount = 0
  private var generator: TextGenerator

  /// A conversation that has not begun.
  ///
  /// - Parameters:
  ///   - generator: What answers; the token that ends a turn of the template ends an answer.
  ///   - template: How turns are written for the model.
  ///   - system: The instructions for the whole conversation; the template's own when nil.
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

  /// Answers. Where the conversation is longer than the model was made for, its oldest turns are left out.
  ///
  /// Throws an `InputError`, with the conversation as it was, where what was said leaves no room for an
  /// answer.
  ///
  /// - Parameters:
  ///   - words: What the person says.
  ///   - random: Where the draws come from.
  ///   - show: Given the answer in pieces of whole characters as it comes; false ends it.
  public mutating func answer(
    _ words: String, random: inout RandomSource, show: (String) -> Bool = { _ in true }
  ) throws(InputError) -> TextGenerator.Output {
    let asked = messages + [ChatMessage(.user, words)]
    var first = forgottenCount
    var prompt = tokens(of: asked[first...])
    // A turn of the person and its answer go together.
    while prompt.count >= generator.maxPositions, first + 2 < asked.count {
      first += 2
      prompt = tokens(of: asked[first...])
    }
    guard prompt.count < generator.maxPositions else {
      throw InputError(
        "What you said has \(prompt.count) tokens, and the model was made for texts of "
          + "\(generator.maxPositions). Say less at once.")
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

  /// Begins anew.
  public mutating func reset() {
    messages = []
    forgottenCount = 0
  }

  private func tokens(of turns: ArraySlice<ChatMessage>) -> [Int32] {
    let system = system.map { [ChatMessage(.system, $0)] } ?? []
    return generator.tokenizer.encode(template.text(of: system + turns))
  }
}
