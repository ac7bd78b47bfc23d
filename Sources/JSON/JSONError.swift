/// A text that is no JSON, or not the JSON that was asked for.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What kind of failure it is, for programs; people read ``JSONError/description``.
  public enum Code: Sendable, Hashable {
    /// The text breaks the grammar.
    case malformed
    /// A value is of another kind than the one asked for.
    case typeMismatch
    /// A number is outside of what it may be.
    case invalidValue
    /// A key occurs twice in its object.
    case duplicate
    /// The text is legal, but beyond a limit set against hostile files.
    case limitExceeded
  }

  /// The kind of failure.
  public var code: Code
  /// The name of the text.
  public var file: String
  /// The field concerned, if the reader was told.
  public var field: String?
  /// The position in bytes.
  public var offset: Int
  /// What was found.
  public var found: String
  /// What was expected instead.
  public var expected: String?
  /// Keys, and places in arrays such as `[3]`, on the way to the value.
  package var path: [String]

  /// One sentence.
  public var description: String {
    var text = file
    if let field { text += ": \(field)" }
    text += ": at byte \(offset): \(found)"
    if let expected { text += ", expected \(expected)" }
    return text
  }

  /// Quotes a text that comes from a file: a hostile name may be long or hold control characters.
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

/// What a module throws where a text of JSON is at fault.
package protocol JSONFailure: Error {
  /// The error in the module's own terms.
  init(_ error: JSONError)
}

extension JSONError: JSONFailure {
  package init(_ error: JSONError) { self = error }
}
