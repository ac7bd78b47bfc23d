/// Parts of a quantised tensor, read from somewhere, that do not belong together.
public struct QuantizationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What kind of thing is wrong.
  public enum Code: Hashable, Sendable {
    /// A block size the format does not have.
    case unsupportedBlockSize
    /// A part that should be there is not.
    case missingPart
    /// A part has another number of elements than the shape asks for.
    case sizeMismatch
    /// A scale is NaN or infinite.
    case nonFiniteScale
  }

  /// What kind of thing is wrong.
  public let code: Code
  /// One sentence that names the part, what was found and what was expected.
  public let message: String

  /// The message.
  public var description: String { message }

  init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }
}
