/// A turn of a conversation.
public struct ChatMessage: Sendable, Equatable {
  /// The roles of speakers.
  public enum Role: String, Sendable {
    /// The instructions for the whole conversation.
    case system
    /// The user.
    case user
    /// The model.
    case assistant
  }

  /// The role of the speaker.
  public var role: Role
  /// The text of the turn.
  public var content: String

  /// Creates a turn.
  public init(_ role: Role, _ content: String) {
    self.role = role
    self.content = content
  }
}

/// A conversation as a model reads it: parts of template text and parts spoken by a role.
public struct ChatText: Sendable, Equatable {
  /// A part of the text.
  public struct Part: Sendable, Equatable {
    /// The text.
    public let text: String
    /// The role that said it, or nil if it is the template's text.
    public let role: ChatMessage.Role?
  }

  /// The non-empty parts in order.
  public private(set) var parts: [Part] = []

  /// The parts joined.
  public var text: String { parts.map(\.text).joined() }

  mutating func append(_ text: String, _ role: ChatMessage.Role? = nil) {
    if !text.isEmpty { parts.append(Part(text: text, role: role)) }
  }
}

extension PipelineTokenizer {
  /// The ids of a conversation. Spellings of special tokens become tokens in the template's text, but stay
  /// text in what was said, so that no turn can forge another.
  public func encode(_ chat: ChatText) -> [Int32] {
    var bytes: [UInt8] = []
    var trusted: [Range<Int>] = []
    for part in chat.parts {
      let start = bytes.count
      bytes += Array(part.text.utf8)
      if part.role == nil {
        // A token may span adjacent parts of the template.
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
