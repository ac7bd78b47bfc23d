package import JSON

/// A file that cannot be read or written, or whose content is invalid.
///
/// The message names the file, the field, what was found, what was expected and, if there is one, the
/// remedy. Text from the file itself is shortened and escaped.
public struct TensorFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kind of failure, for programs; ``TensorFileError/description`` is for people.
  public enum Code: Sendable, Hashable {
    /// There is no such file or folder.
    case notFound
    /// The system refused to open or read the file.
    case cannotRead
    /// The system refused to write, synchronise or rename the file.
    case cannotWrite
    /// The disk or the quota is full.
    case noSpace
    /// The file is shorter than its header says.
    case truncated
    /// The file breaks the rules of its format.
    case malformed
    /// The file is legal, but beyond a limit set against hostile files.
    case limitExceeded
    /// The file, or a part of it, is of a kind this library does not read.
    case unsupported
    /// Two tensors, keys or fields have the same name.
    case duplicate
    /// A requested tensor or field does not exist.
    case missing
    /// A tensor or a field has a different type or shape than requested.
    case typeMismatch
    /// A file name inside an index points outside its folder.
    case unsafePath
  }

  /// The kind of failure.
  public var code: Code
  /// The path of the file, as it was given.
  public var file: String
  /// The tensor, key or field concerned, if any.
  public var field: String?
  /// The position in the file in bytes, if known.
  public var offset: Int?
  /// What was found.
  public var found: String
  /// What was expected instead.
  public var expected: String?
  /// What the user can do about it.
  public var remedy: String?

  /// Creates an error from its parts.
  public init(
    _ code: Code, file: String, field: String? = nil, offset: Int? = nil, found: String,
    expected: String? = nil, remedy: String? = nil
  ) {
    self.code = code
    self.file = file
    self.field = field
    self.offset = offset
    self.found = found
    self.expected = expected
    self.remedy = remedy
  }

  /// One sentence, and the remedy as a second one.
  public var description: String {
    var text = file
    if let field { text += ": \(field)" }
    if let offset { text += ": at byte \(offset)" }
    text += ": \(found)"
    if let expected { text += ", expected \(expected)" }
    if let remedy { text += ". \(remedy)" }
    return text
  }
}

extension TensorFileError: JSONFailure {
  package init(_ error: JSONError) {
    let code: Code =
      switch error.code {
      case .malformed, .invalidValue: .malformed
      case .typeMismatch: .typeMismatch
      case .duplicate: .duplicate
      case .limitExceeded: .limitExceeded
      }
    self.init(
      code, file: error.file, field: error.field, offset: error.offset, found: error.found,
      expected: error.expected)
  }
}

/// Quotes a text that comes from a file, for messages.
func quoted(_ text: String) -> String { JSONError.quoted(text) }
