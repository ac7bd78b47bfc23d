/// The name and the sizes of a linear layer of a model.
public struct LinearShape: Sendable, Hashable {
  /// The name within its part of the model, as in `q_proj`: by which layers are chosen.
  public var name: String
  /// Rows of its matrix, the size of the output.
  public var out: Int
  /// Columns of its matrix, the size of the input.
  public var `in`: Int

  /// A layer of this name and these sizes.
  public init(_ name: String, out: Int, in: Int) {
    self.name = name
    self.out = out
    self.in = `in`
  }

  /// Elements of its matrix.
  public var elementCount: Int { out * self.in }
}
