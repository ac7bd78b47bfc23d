internal import Tokenization

/// Makes tokens of examples, and tells which of them are learnt.
struct ExampleEncoder {
  let tokenizer: any Tokenizer
  /// How conversations are written.
  let template: ChatTemplate?
  /// What the loss is taken on.
  let loss: LossScope
  /// What the spelling of special tokens becomes; nil for what is usual for the kind of example.
  let specialTokens: SpecialTokenRule?

  /// The tokens of an example with marks of those that are learnt, nil for all.
  func encode(_ example: TrainingExample) throws(ExampleFault) -> EncodedExample {
    switch example {
    case .text(let text): return EncodedExample(tokens: document(Array(text.utf8)))
    case .completion(let prompt, let completion): return encode(prompt, completion)
    case .chat(let messages, let first): return try encode(messages, first: first)
    case .instruction(let instruction, let input, let output):
      let asked = input.isEmpty ? instruction : instruction + "\n\n" + input
      if template != nil {
        return try encode([ChatMessage(.user, asked), ChatMessage(.assistant, output)], first: 0)
      }
      let given = input.isEmpty ? "" : "### Input:\n\(input)\n\n"
      return encode("### Instruction:\n\(instruction)\n\n\(given)### Response:\n", output)
    }
  }

  /// A text between the tokens that the model knows beginnings and ends of texts by.
  func document(_ text: [UInt8]) -> [Int32] {
    let tokens = tokenizer.encode(
      bytes: text, recognizingSpecialTokens: specialTokens != .text)
    return tokenizer.startTokens + tokens + ending
  }

  private var ending: [Int32] { tokenizer.namedTokens.eos.map { [$0] } ?? [] }

  private func encode(_ prompt: String, _ completion: String) -> EncodedExample {
    let text = Array((prompt + completion).utf8)
    let asked = prompt.utf8.count
    func tokens(_ text: [UInt8]) -> [Int32] {
      tokenizer.encode(bytes: text, recognizingSpecialTokens: specialTokens != .text)
    }
    let ids = tokens(text)
    let learnt = tokenizer.tokens(ids, of: text.count, in: [asked..<text.count]) {
      tokens(Array(text[..<$0]))
    }
    let start = tokenizer.startTokens
    let moved = learnt.map { $0.lowerBound + start.count..<$0.upperBound + start.count }
    return marked(
      start + ids + ending,
      moved + [start.count + ids.count..<start.count + ids.count + ending.count])
  }

  private func encode(_ messages: [ChatMessage], first: Int) throws(ExampleFault) -> EncodedExample
  {
    guard let template else {
      throw ExampleFault(
        "is a conversation, and the model does not say how it reads them. Name a template with "
          + "--chat-template: \(ChatTemplate.names.joined(separator: ", ")).")
    }
    guard loss == .all || messages[first...].contains(where: { $0.role == .assistant }) else {
      throw ExampleFault(
        "has no turn of the assistant to learn. Give one, or learn all turns with --loss all.")
    }
    let chat = template.text(of: messages, addingGenerationPrompt: false)
    let earlier = messages[..<first].count { $0.role == .assistant && !$0.content.isEmpty }
    let answers = template.answers(in: chat).dropFirst(earlier)
    guard specialTokens == .tokens else {
      let ids = tokenizer.encode(chat)
      return marked(ids, tokenizer.tokens(ids, of: chat, in: Array(answers)))
    }
    let text = Array(chat.text.utf8)
    func tokens(_ text: [UInt8]) -> [Int32] {
      tokenizer.encode(bytes: text, recognizingSpecialTokens: true)
    }
    let ids = tokens(text)
    return marked(
      ids,
      tokenizer.tokens(ids, of: text.count, in: Array(answers)) { tokens(Array(text[..<$0])) })
  }

  private func marked(_ tokens: [Int32], _ learnt: [Range<Int>]) -> EncodedExample {
    guard loss == .completions else { return EncodedExample(tokens: tokens) }
    var marks = Array(repeating: false, count: tokens.count)
    for range in learnt { for place in range { marks[place] = true } }
    return EncodedExample(tokens: tokens, isLearnt: marks)
  }
}

/// An example as tokens.
struct EncodedExample: Equatable {
  var tokens: [Int32]
  /// Which tokens are learnt; nil for all.
  var isLearnt: [Bool]?
}
