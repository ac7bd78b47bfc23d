/// An error in parts, read from elsewhere, that should make up a quantised tensor.
public struct QuantizationError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What is wrong.
  public enum Code: Hashable, Sendable {
    /// The format does not have the block size.
    case unsupportedBlockSize
    /// A part is missing.
    case missingPart
    /// A part has a different number of elements than the shape requires.
    case sizeMismatch
    /// A scale is NaN or infinite.
    case nonFiniteScale
  }

  /// What is wrong.
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
