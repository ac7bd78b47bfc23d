/// Where a published file holds a tensor of a model, if not under the tensor's own name and shape.
public struct TensorPlace: Sendable, Hashable {
  /// The name in the file.
  public var name: String
  /// The rows of that tensor, once transposed; nil for all.
  public var rows: Range<Int>?
  /// The rows of the whole tensor.
  public var rowCount: Int?
  /// Whether the file holds `[in, out]`.
  public var isTransposed: Bool

  /// A place.
  public init(
    _ name: String, rows: Range<Int>? = nil, of rowCount: Int? = nil, isTransposed: Bool = false
  ) {
    self.name = name
    self.rows = rows
    self.rowCount = rowCount
    self.isTransposed = isTransposed
  }
}
