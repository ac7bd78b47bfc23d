public import Tensors

/// NumPy's `.npy` files: one array each.
///
/// Versions 1 to 3 of the format, little-endian, of the element types of ``ElementType`` except
/// BF16. Arrays in Fortran order are transposed while they are read. See
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
public struct NPYFile: Sendable {
  private let reader: FileReader
  private let header: NPYHeader

  /// Opens a file and checks its header against its length.
  public init(path: String) throws(TensorFileError) {
    reader = try FileReader(path: path)
    header = try NPYHeader(
      start: reader.bytes(in: 0..<min(NPYHeader.maximumLength, reader.size)),
      fileSize: reader.size, file: path)
  }

  /// How the elements are stored.
  public var elementType: ElementType { header.elementType }
  /// The sizes of the axes, outermost first.
  public var shape: Shape { Shape(header.dimensions) }

  /// Reads the array as any scalar that holds all its values exactly.
  public func tensor<Scalar: TensorFileScalar>(as scalar: Scalar.Type = Float.self)
    throws(TensorFileError) -> Tensor<Scalar>
  {
    let stored = header.isFortranOrder ? Shape(shape.reversed()) : shape
    let tensor: Tensor<Scalar> = try reader.tensor(
      at: header.dataStart, of: elementType, shape: stored, field: "array")
    guard header.isFortranOrder else { return tensor }
    return tensor.transposed(Array((0..<stored.rank).reversed())).contiguous()
  }

  /// Writes a tensor in row-major order (see ``AtomicFile``).
  public static func write<Scalar: TensorFileScalar>(_ tensor: Tensor<Scalar>, to path: String)
    throws(TensorFileError)
  {
    let header = NPYHeader.bytes(elementType: Scalar.elementType, shape: tensor.shape.dimensions)
    try AtomicFile.write(to: path) { (writer) throws(TensorFileError) in
      try writer.write(header)
      try writer.write(tensor)
    }
  }
}
