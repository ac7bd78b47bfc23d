/// A request that cannot be carried out: one sentence states the problem, one the remedy.
public struct InputError: Error, CustomStringConvertible, Sendable, Hashable {
  /// The problem and the remedy.
  public let description: String

  /// An error with its message.
  public init(_ description: String) { self.description = description }
}
