/// A format of conversations for a model, out of the named templates that most models use.
///
/// A model's own template is a program, which is never run; see `init(recognizing:)`.
public struct ChatTemplate: Sendable, Equatable {
  /// The kinds of templates.
  public enum Format: String, Sendable, CaseIterable {
    /// `<|im_start|>user`, of SmolLM and Qwen.
    case chatML = "chatml"
    /// `[INST] <<SYS>>`, of Llama 2.
    case llama2
    /// `<|start_header_id|>user<|end_header_id|>`, of Llama 3.
    case llama3
    /// `[INST] ... [/INST]`, of Mistral's first models.
    case mistral
    /// `[INST] ...[/INST]`, of Mistral's models with a token for each marker.
    case mistralV3 = "mistral-v3"
    /// The same without spaces, of Mistral's models with the Tekken tokenizer.
    case mistralTekken = "mistral-tekken"
    /// `<start_of_turn>user`, of Gemma.
    case gemma
    /// `<|user|>`, of Phi 3.
    case phi3
  }

  /// The kind.
  public var format: Format
  /// The instructions added to a conversation that has none.
  public var defaultSystem: String?

  /// Creates a template of a kind.
  public init(_ format: Format, defaultSystem: String? = nil) {
    self.format = format
    self.defaultSystem = defaultSystem
  }

  /// The template with a name such as `chatml`, or nil if there is none.
  public init?(named name: String) {
    guard let format = Format(rawValue: name.lowercased()) else { return nil }
    self.init(format)
  }

  /// The names that `init(named:)` accepts.
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

  /// The conversation as text, including the begin token if the format has one: encode it with
  /// `PipelineTokenizer.encode(_:)`, which adds no tokens.
  ///
  /// - Parameters:
  ///   - messages: The turns in order.
  ///   - addingGenerationPrompt: Whether to append the beginning of the model's next turn.
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

  /// Llama 2: the instructions are inside the user's first turn.
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
        // The template trims system and user text as a whole, so not between them.
        chat.append(trimmed(message.content, start: !isAfterSystem), .user)
        isAfterSystem = false
        chat.append(" [/INST]")
      }
    }
  }

  /// Mistral: like Llama 2, with a single begin token and unmarked instructions.
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

  /// Gemma has no system role, so the instructions begin the user's next turn.
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

/// `text` without white space at its end and, by default, at its start.
private func trimmed(_ text: String, start: Bool = true) -> String {
  let scalars = text.unicodeScalars
  guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
    let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
  else { return "" }
  return String(scalars[(start ? first : scalars.startIndex)...last])
}
