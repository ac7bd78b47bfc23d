/// An error in a JSON text: malformed, or not of the expected shape.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of a failure, for programs; people read ``JSONError/description``.
  public enum Code: Sendable, Hashable {
    /// The text breaks the grammar.
    case malformed
    /// A value has another kind than the one asked for.
    case typeMismatch
    /// A number is out of range.
    case invalidValue
    /// A key occurs twice in its object.
    case duplicate
    /// The text is valid JSON, but exceeds a limit that guards against hostile files.
    case limitExceeded
  }

  /// The kind of failure.
  public var code: Code
  /// The name of the text.
  public var file: String
  /// The field that was read, if the reader was told its name.
  public var field: String?
  /// The offset in bytes.
  public var offset: Int
  /// What was found.
  public var found: String
  /// What was expected instead.
  public var expected: String?
  /// The keys and array indices (such as `[3]`) that lead to the value.
  package var path: [String]

  /// The error in one sentence.
  public var description: String {
    var text = file
    if let field { text += ": \(field)" }
    text += ": at byte \(offset): \(found)"
    if let expected { text += ", expected \(expected)" }
    return text
  }

  /// Quotes text from a file: hostile names may be long or hold control characters.
  package static func quoted(_ text: String) -> String {
    var result = "'"
    for (position, scalar) in text.unicodeScalars.enumerated() {
      if position == 80 {
        result += "..."
        break
      }
      let category = scalar.properties.generalCategory
      if category == .control || category == .format {
        result += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        result.unicodeScalars.append(scalar)
      }
    }
    return result + "'"
  }
}

/// An error that a module throws for a faulty JSON text.
package protocol JSONFailure: Error {
  /// The error in the module's own terms.
  init(_ error: JSONError)
}

extension JSONError: JSONFailure {
  package init(_ error: JSONError) { self = error }
}
