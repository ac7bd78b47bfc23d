/// A turn of a conversation.
public struct ChatMessage: Sendable, Equatable {
  /// Who speaks.
  public enum Role: String, Sendable {
    /// The instructions for the whole conversation.
    case system
    /// The person.
    case user
    /// The model.
    case assistant
  }

  /// Who speaks.
  public var role: Role
  /// What is said.
  public var content: String

  /// Creates a turn.
  public init(_ role: Role, _ content: String) {
    self.role = role
    self.content = content
  }
}

/// A conversation as a model reads it: the text of its template and what was said, in turns.
public struct ChatText: Sendable, Equatable {
  /// A part of the text.
  public struct Part: Sendable, Equatable {
    /// The text.
    public let text: String
    /// Who said it, or nil where it is the template's.
    public let role: ChatMessage.Role?
  }

  /// The parts in order; none is empty.
  public private(set) var parts: [Part] = []

  /// The parts joined.
  public var text: String { parts.map(\.text).joined() }

  mutating func append(_ text: String, _ role: ChatMessage.Role? = nil) {
    if !text.isEmpty { parts.append(Part(text: text, role: role)) }
  }
}

extension PipelineTokenizer {
  /// The ids of a conversation. The special tokens of its template become tokens; what they are
  /// spelled like in what was said stays text, so that no turn can forge another.
  public func encode(_ chat: ChatText) -> [Int32] {
    var bytes: [UInt8] = []
    var trusted: [Range<Int>] = []
    for part in chat.parts {
      let start = bytes.count
      bytes += Array(part.text.utf8)
      if part.role == nil {
        // Neighbours in the template may share a token.
        if let last = trusted.last, last.upperBound == start {
          trusted[trusted.count - 1] = last.lowerBound..<bytes.count
        } else {
          trusted.append(start..<bytes.count)
        }
      }
    }
    return encode(bytes: bytes, recognizing: .within(trusted))
  }
}
