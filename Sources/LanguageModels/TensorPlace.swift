/// Where a published file holds a tensor of a model, when not under the tensor's own name and in its own
/// shape.
public struct TensorPlace: Sendable, Hashable {
  /// The name in the file.
  public var name: String
  /// Which rows of that tensor, once transposed, are meant; nil for all.
  public var rows: Range<Int>?
  /// How many rows there are in all.
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
