/// What a person asked for cannot be done: one sentence with the problem, one with the remedy.
public struct InputError: Error, CustomStringConvertible, Sendable, Hashable {
  /// The problem and the remedy.
  public let description: String

  /// An error with its message.
  public init(_ description: String) { self.description = description }
}
