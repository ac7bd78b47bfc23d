package import JSON

/// An error in reading, writing or training a tokenizer.
public struct TokenizerError: Error, Equatable, CustomStringConvertible {
  /// The kinds of errors.
  public enum Code: Sendable {
    /// The file is missing, not a regular file, too large or unreadable.
    case unreadable
    /// A file could not be written.
    case unwritable
    /// The file is not valid JSON in UTF-8.
    case malformed
    /// A required field is missing.
    case missingField
    /// A field has a value of the wrong type.
    case wrongType
    /// A value is out of range or contradicts another one.
    case invalidValue
    /// A key, id or token occurs twice.
    case duplicate
    /// The file describes a kind of tokenizer that this module does not support.
    case unsupported
  }

  /// The kind of the error.
  public let code: Code
  /// A sentence that names the file, the field, and what was expected and found.
  public let message: String

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  /// The message.
  public var description: String { message }
}

extension TokenizerError: JSONFailure {
  package init(_ error: JSONError) {
    let (code, message): (Code, String) =
      switch error.code {
      case .malformed, .limitExceeded:
        (
          .malformed,
          "not valid JSON: \(error.found)\(error.expected.map { ", expected \($0)" } ?? ""), "
            + "at byte \(error.offset)"
        )
      case .typeMismatch: (.wrongType, Self.mismatch(error))
      case .invalidValue: (.invalidValue, Self.mismatch(error))
      case .duplicate: (.duplicate, error.found)
      }
    self.init(code, message, file: error.file, path: error.path)
  }

  private static func mismatch(_ error: JSONError) -> String {
    "expected \(error.expected ?? "another value"), found \(error.found)"
  }

  fileprivate init(_ code: Code, _ message: String, file: String, path: [String]) {
    let place = path.joined(separator: ".")
    self.init(code, "\(file): \(place.isEmpty ? "" : place + ": ")\(message)")
  }
}

typealias TokenizerReader = JSONReader<TokenizerError>

extension TokenizerReader {
  /// An error about the current value, or about its field `field`.
  func error(
    _ code: TokenizerError.Code, _ message: String, field: String? = nil
  ) -> TokenizerError {
    TokenizerError(code, message, file: file, path: path + (field.map { [$0] } ?? []))
  }

  /// Reads an object: calls `body` for each key in `fields`, which must read the value, and skips
  /// all other keys.
  mutating func object(
    _ fields: Set<String>, _ body: (inout Self, String) throws(TokenizerError) -> Void
  ) throws(TokenizerError) {
    try object { (reader, name) throws(TokenizerError) in
      if fields.contains(name) { try body(&reader, name) } else { try reader.skipValue() }
    }
  }
}

/// `text` in quotes, shortened if it is too long for a message.
func quoted(_ text: some Collection<UInt8>) -> String {
  let shown = String(decoding: text.prefix(60), as: UTF8.self)
  return "\"\(shown)\(text.count > 60 ? "…" : "")\""
}
