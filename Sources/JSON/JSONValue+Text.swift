extension JSONValue {
  /// How a JSON text is laid out.
  public enum Layout: Sendable {
    /// Without whitespace.
    case compact
    /// One member or element per line, indented by two spaces; arrays of scalars stay on one line.
    case indented
  }

  /// The JSON text in UTF-8 without a final newline.
  ///
  /// Numbers read back bit for bit. JSON has neither NaN nor infinity: both are written as
  /// `null`.
  public func text(_ layout: Layout = .compact) -> String {
    var text = ""
    write(to: &text, layout, indentation: 0)
    return text
  }

  private func write(to text: inout String, _ layout: Layout, indentation: Int) {
    switch self {
    case .null: text += "null"
    case .boolean(let value): text += value ? "true" : "false"
    case .integer(let value): text += String(value)
    case .number(let value): text += value.isFinite ? "\(value)" : "null"
    case .string(let value): Self.writeString(value, to: &text)
    case .array(let elements):
      let isFlat = layout == .compact || elements.allSatisfy(\.isScalar)
      text += "["
      for (position, element) in elements.enumerated() {
        if position > 0 { text += layout == .indented && isFlat ? ", " : "," }
        if !isFlat { Self.writeNewline(to: &text, indentation + 2) }
        element.write(to: &text, layout, indentation: indentation + 2)
      }
      if !isFlat { Self.writeNewline(to: &text, indentation) }
      text += "]"
    case .object(let object):
      text += "{"
      for (position, member) in object.enumerated() {
        if position > 0 { text += "," }
        if layout == .indented { Self.writeNewline(to: &text, indentation + 2) }
        Self.writeString(member.key, to: &text)
        text += layout == .indented ? ": " : ":"
        member.value.write(to: &text, layout, indentation: indentation + 2)
      }
      if layout == .indented, !object.isEmpty { Self.writeNewline(to: &text, indentation) }
      text += "}"
    }
  }

  private var isScalar: Bool {
    switch self {
    case .array(let elements): elements.isEmpty
    case .object(let object): object.isEmpty
    default: true
    }
  }

  private static func writeNewline(to text: inout String, _ indentation: Int) {
    text += "\n"
    text += String(repeating: " ", count: indentation)
  }

  static func writeString(_ value: String, to text: inout String) {
    text += "\""
    for scalar in value.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\n": text += "\\n"
      case "\r": text += "\\r"
      case "\t": text += "\\t"
      case "\u{0}"..<"\u{20}", "\u{7f}":
        let digits = String(scalar.value, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: text.unicodeScalars.append(scalar)
      }
    }
    text += "\""
  }
}
