/// Why a tokenizer could not be read, written or trained.
public struct TokenizerError: Error, Equatable, CustomStringConvertible {
  /// The kind of an error.
  public enum Code: Sendable {
    /// The file is missing, not a regular file, too large or unreadable.
    case unreadable
    /// A file could not be written.
    case unwritable
    /// The file is not valid JSON in UTF-8.
    case malformed
    /// A required field is missing.
    case missingField
    /// A field holds a value of another type than required.
    case wrongType
    /// A value is out of range or contradicts another one.
    case invalidValue
    /// A key, id or token occurs twice.
    case duplicate
    /// The file asks for a kind of tokenizer that this module does not implement.
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
