/// A sequence longer than a model was made for.
public struct SequenceLengthError: Error, Sendable, Hashable, CustomStringConvertible {
  /// Tokens of the sequence.
  public let tokens: Int
  /// The longest sequence of the model.
  public let maxPositions: Int
  /// The name of the architecture.
  public let modelType: String

  /// The message, with the longest allowed sequence.
  public var description: String {
    "A sequence of \(tokens) tokens is longer than the \(maxPositions) that this \(modelType) was made "
      + "for. Give at most \(maxPositions)."
  }
}

extension ModelConfiguration {
  /// Throws a `SequenceLengthError` for more tokens than the model was made for, on which it would trap.
  public func checkLength(_ tokens: Int) throws(SequenceLengthError) {
    if tokens > maxPositions {
      throw SequenceLengthError(tokens: tokens, maxPositions: maxPositions, modelType: modelType)
    }
  }
}
