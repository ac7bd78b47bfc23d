/// How the turns of a conversation are written for a model: the named templates that most models use.
///
/// A model's own template is a program in a language of its own and is never run; see
/// `init(recognizing:)`.
public struct ChatTemplate: Sendable, Equatable {
  /// The kinds of templates.
  public enum Format: String, Sendable, CaseIterable {
    /// `<|im_start|>user`, as SmolLM and Qwen have it.
    case chatML = "chatml"
    /// `[INST] <<SYS>>`, of Llama 2.
    case llama2
    /// `<|start_header_id|>user<|end_header_id|>`, of Llama 3.
    case llama3
    /// `[INST] ... [/INST]`, of Mistral's first models.
    case mistral
    /// `[INST] ...[/INST]`, of its models with a token for each marker.
    case mistralV3 = "mistral-v3"
    /// The same without spaces, of its models with the Tekken tokenizer.
    case mistralTekken = "mistral-tekken"
    /// `<start_of_turn>user`, of Gemma.
    case gemma
    /// `<|user|>`, of Phi 3.
    case phi3
  }

  /// The kind.
  public var format: Format
  /// The instructions that a conversation without any gets.
  public var defaultSystem: String?

  /// Creates a template of a kind.
  public init(_ format: Format, defaultSystem: String? = nil) {
    self.format = format
    self.defaultSystem = defaultSystem
  }

  /// The template of a name such as `chatml`, or nil where there is none of that name.
  public init?(named name: String) {
    guard let format = Format(rawValue: name.lowercased()) else { return nil }
    self.init(format)
  }

  /// The names that `init(named:)` knows.
  public static var names: [String] { Format.allCases.map(\.rawValue) }

  /// The special token that ends a turn of the model.
  public var turnEnd: String {
    switch format {
    case .chatML: "<|im_end|>"
    case .llama3: "<|eot_id|>"
    case .gemma: "<end_of_turn>"
    case .phi3: "<|end|>"
    case .llama2, .mistral, .mistralV3, .mistralTekken: "</s>"
    }
  }

  /// The conversation as text. It begins with the begin token where the kind has one: encode it as it
  /// is, with `PipelineTokenizer.encode(_:)`, and add nothing.
  ///
  /// - Parameters:
  ///   - messages: The turns in order.
  ///   - addingGenerationPrompt: Whether the beginning of the model's next turn follows.
  public func text(of messages: [ChatMessage], addingGenerationPrompt: Bool = true) -> ChatText {
    var messages = messages
    if let defaultSystem, messages.first?.role != .system {
      messages.insert(ChatMessage(.system, defaultSystem), at: 0)
    }
    var chat = ChatText()
    switch format {
    case .chatML:
      for message in messages {
        chat.append("<|im_start|>\(message.role.rawValue)\n")
        chat.append(message.content, message.role)
        chat.append("<|im_end|>\n")
      }
      if addingGenerationPrompt { chat.append("<|im_start|>assistant\n") }
    case .llama2: appendInstructions(messages, to: &chat)
    case .llama3:
      chat.append("<|begin_of_text|>")
      for message in messages {
        chat.append("<|start_header_id|>\(message.role.rawValue)<|end_header_id|>\n\n")
        chat.append(trimmed(message.content), message.role)
        chat.append("<|eot_id|>")
      }
      if addingGenerationPrompt {
        chat.append("<|start_header_id|>assistant<|end_header_id|>\n\n")
      }
    case .mistral: appendTurns(messages, leading: " ", trailing: " ", to: &chat)
    case .mistralV3: appendTurns(messages, leading: "", trailing: " ", to: &chat)
    case .mistralTekken: appendTurns(messages, leading: "", trailing: "", to: &chat)
    case .gemma: appendGemma(messages, addingGenerationPrompt, to: &chat)
    case .phi3:
      for message in messages {
        chat.append("<|\(message.role.rawValue)|>\n")
        chat.append(message.content, message.role)
        chat.append("<|end|>\n")
      }
      if addingGenerationPrompt { chat.append("<|assistant|>\n") }
    }
    return chat
  }

  /// Llama 2: the system's words stand inside the first turn of the user.
  private func appendInstructions(_ messages: [ChatMessage], to chat: inout ChatText) {
    var isInside = false
    var isAfterSystem = false
    for message in messages {
      if message.role == .assistant {
        chat.append(" ")
        chat.append(trimmed(message.content), .assistant)
        chat.append(" </s>")
        isInside = false
        continue
      }
      if !isInside { chat.append("<s>[INST] ") }
      isInside = true
      if message.role == .system {
        chat.append("<<SYS>>\n")
        chat.append(message.content, .system)
        chat.append("\n<</SYS>>\n\n")
        isAfterSystem = true
      } else {
        // The template trims what it has put together, so not between the system and the user.
        chat.append(trimmed(message.content, start: !isAfterSystem), .user)
        isAfterSystem = false
        chat.append(" [/INST]")
      }
    }
  }

  /// Mistral: as Llama 2, with one begin token and plain words of the system.
  private func appendTurns(
    _ messages: [ChatMessage], leading: String, trailing: String, to chat: inout ChatText
  ) {
    chat.append("<s>")
    var isInside = false
    for message in messages {
      if message.role == .assistant {
        chat.append(trailing)
        let isTrimmed = format == .mistralV3
        chat.append(isTrimmed ? trimmed(message.content) : message.content, .assistant)
        chat.append("</s>")
        isInside = false
        continue
      }
      if !isInside { chat.append("\(leading)[INST]\(trailing)") }
      isInside = true
      chat.append(message.content, message.role)
      chat.append(message.role == .system ? "\n\n" : "\(leading)[/INST]")
    }
  }

  /// Gemma knows no system: its words lead the next turn.
  private func appendGemma(
    _ messages: [ChatMessage], _ addingGenerationPrompt: Bool, to chat: inout ChatText
  ) {
    chat.append("<bos>")
    var system = ""
    for message in messages {
      if message.role == .system {
        system += trimmed(message.content)
        continue
      }
      chat.append("<start_of_turn>\(message.role == .assistant ? "model" : "user")\n")
      if !system.isEmpty, message.role == .user {
        chat.append(system, .system)
        chat.append("\n\n")
        system = ""
      }
      chat.append(trimmed(message.content), message.role)
      chat.append("<end_of_turn>\n")
    }
    if addingGenerationPrompt { chat.append("<start_of_turn>model\n") }
  }
}

/// `text` without white space at its end and, unless told otherwise, at its start.
private func trimmed(_ text: String, start: Bool = true) -> String {
  let scalars = text.unicodeScalars
  guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
    let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
  else { return "" }
  return String(scalars[(start ? first : scalars.startIndex)...last])
}
