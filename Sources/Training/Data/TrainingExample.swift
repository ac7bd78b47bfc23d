internal import JSON
package import Tokenization

/// An example of a data set.
package enum TrainingExample: Sendable, Equatable {
  /// A text, all of which is learnt.
  case text(String)
  /// What is given and what is to follow.
  case completion(prompt: String, completion: String)
  /// A conversation, of which the model's turns from the place `first` on are learnt.
  case chat([ChatMessage], first: Int)
  /// What is asked for, what is given for it, and the answer.
  case instruction(String, input: String, output: String)
}

/// What is wrong with an example, to follow the name of its place.
struct ExampleFault: Error {
  let text: String
  init(_ text: String) { self.text = text }
}

/// The fields that examples are told by.
package enum ExampleFields: String, Sendable, CaseIterable {
  /// `{"messages": [{"role": ..., "content": ...}, ...]}`
  case messages
  /// `{"conversations": [{"from": ..., "value": ...}, ...]}`
  case conversations
  /// `{"prompt": ..., "completion": ...}`, texts or messages both.
  case completion
  /// `{"instruction": ..., "input": ..., "output": ...}`, where `input` may be left out.
  case instruction
  /// `{"text": ...}`
  case text

  /// The fields that an example needs.
  var names: [String] {
    switch self {
    case .messages: ["messages"]
    case .conversations: ["conversations"]
    case .completion: ["prompt", "completion"]
    case .instruction: ["instruction", "output"]
    case .text: ["text"]
    }
  }

  /// All there are, for people.
  static var known: String {
    let all = allCases.map { $0.names.map { "\"\($0)\"" }.joined(separator: " and ") }
    return all.dropLast().joined(separator: ", ") + ", or " + all.last!
  }

  /// Those of an example; nil where it has none of them.
  init?(of example: JSONObject) {
    let found = Self.allCases.first { $0.names.allSatisfy { example[$0] != nil } }
    guard let found else { return nil }
    self = found
  }

  /// The example of an object.
  func example(_ object: JSONObject) throws(ExampleFault) -> TrainingExample {
    for name in names where object[name] == nil {
      throw ExampleFault(
        "has no \"\(name)\", which the first example has. Give all the same fields.")
    }
    switch self {
    case .messages, .conversations:
      let name = names[0]
      return .chat(try Self.messages(object[name]!, name), first: 0)
    case .completion:
      let (prompt, completion) = (object["prompt"]!, object["completion"]!)
      guard case .array = prompt else {
        let end = try Self.string(completion, "completion")
        guard !end.isEmpty else { throw ExampleFault("has an empty \"completion\". Leave it out.") }
        return .completion(prompt: try Self.string(prompt, "prompt"), completion: end)
      }
      let asked = try Self.messages(prompt, "prompt")
      return .chat(asked + (try Self.messages(completion, "completion")), first: asked.count)
    case .instruction:
      let output = try Self.string(object["output"]!, "output")
      guard !output.isEmpty else { throw ExampleFault("has an empty \"output\". Leave it out.") }
      let input = object["input"] == .some(.null) ? JSONValue?.none : object["input"]
      return .instruction(
        try Self.string(object["instruction"]!, "instruction"),
        input: try input.map { value throws(ExampleFault) in try Self.string(value, "input") }
          ?? "",
        output: output)
    case .text:
      let text = try Self.string(object["text"]!, "text")
      guard !text.isEmpty else { throw ExampleFault("has an empty \"text\". Leave it out.") }
      return .text(text)
    }
  }

  private static func string(_ value: JSONValue, _ name: String) throws(ExampleFault) -> String {
    guard let string = value.stringValue else {
      throw ExampleFault("has \(value.kind) for \"\(name)\", which is to be a string.")
    }
    return string
  }

  private static func messages(_ value: JSONValue, _ name: String) throws(ExampleFault)
    -> [ChatMessage]
  {
    guard let elements = value.arrayValue else {
      throw ExampleFault("has \(value.kind) for \"\(name)\", which is to be an array of messages.")
    }
    guard !elements.isEmpty else { throw ExampleFault("has no message in \"\(name)\".") }
    var messages: [ChatMessage] = []
    for (index, element) in elements.enumerated() {
      let place = "message \(index + 1) of \"\(name)\""
      guard let object = element.objectValue else {
        throw ExampleFault("has \(element.kind) for \(place), which is to be an object.")
      }
      guard let speaker = (object["role"] ?? object["from"])?.stringValue else {
        throw ExampleFault("does not say who speaks in \(place). Give it a \"role\".")
      }
      guard let role = role(named: speaker) else {
        throw ExampleFault(
          "has the role \"\(speaker)\" in \(place). The roles are system, user and assistant.")
      }
      guard let content = (object["content"] ?? object["value"]).flatMap(words) else {
        throw ExampleFault("has no words in \(place). Give it a \"content\" that is a string.")
      }
      messages.append(ChatMessage(role, content))
    }
    return messages
  }

  /// What is said: a string, or the texts of parts.
  private static func words(_ content: JSONValue) -> String? {
    guard let parts = content.arrayValue else { return content.stringValue }
    var text = ""
    for part in parts {
      guard part["type"]?.stringValue == "text", let words = part["text"]?.stringValue else {
        return nil
      }
      text += words
    }
    return text
  }

  private static func role(named name: String) -> ChatMessage.Role? {
    switch name {
    case "human": .user
    case "gpt", "model", "bot": .assistant
    default: ChatMessage.Role(rawValue: name)
    }
  }
}
