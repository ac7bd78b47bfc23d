/// The name and the size of a linear layer in a model.
public struct LinearShape: Sendable, Hashable {
  /// The name within its block, such as `q_proj`, by which layers are chosen.
  public var name: String
  /// Rows of its matrix, the size of the output.
  public var out: Int
  /// Columns of its matrix, the size of the input.
  public var `in`: Int

  /// The shape of a layer.
  public init(_ name: String, out: Int, in: Int) {
    self.name = name
    self.out = out
    self.in = `in`
  }

  /// Elements of its matrix.
  public var elementCount: Int { out * self.in }
}
