public import Tensors

/// NumPy's `.npy` files: one array each.
///
/// Versions 1 to 3 of the format are supported, with the element types of ``ElementType`` except BF16.
/// Arrays in Fortran order are transposed on reading, and big-endian ones swapped. A file may hold
/// several arrays in a row, as `numpy.save` appends them: see ``next()``. See
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
public struct NPYFile: Sendable {
  private let reader: FileReader
  private let part: Range<Int>
  private let header: NPYHeader

  /// Opens a file at its first array and checks its header against its length.
  public init(path: String) throws(TensorFileError) {
    let reader = try FileReader(path: path)
    try self.init(reader, in: 0..<reader.size)
  }

  /// The array at the start of a part of a file.
  init(_ reader: FileReader, in part: Range<Int>) throws(TensorFileError) {
    self.reader = reader
    self.part = part
    let end = min(part.lowerBound + NPYHeader.maximumLength, part.upperBound)
    header = try NPYHeader(
      start: reader.bytes(in: part.lowerBound..<end), fileSize: part.count, file: reader.path)
  }

  /// The next array in the file; nil if this is the last.
  public func next() throws(TensorFileError) -> NPYFile? {
    let start = part.lowerBound + header.dataEnd
    return start < part.upperBound ? try NPYFile(reader, in: start..<part.upperBound) : nil
  }

  /// How the elements are stored.
  public var elementType: ElementType { header.elementType }
  /// The bytes of the elements.
  var byteCount: Int { header.dataEnd - header.dataStart }
  /// The sizes of the axes, outermost first.
  public var shape: Shape { Shape(header.dimensions) }

  /// Reads the array as floats.
  public func tensor() throws(TensorFileError) -> Tensor<Float> {
    try tensor(as: Float.self)
  }

  /// Reads the array as any scalar that holds all its values exactly.
  public func tensor<Scalar: TensorFileScalar>(as scalar: Scalar.Type = Scalar.self)
    throws(TensorFileError) -> Tensor<Scalar>
  {
    let stored = header.isFortranOrder ? Shape(shape.reversed()) : shape
    let tensor: Tensor<Scalar> = try reader.tensor(
      at: part.lowerBound + header.dataStart, of: elementType, shape: stored, field: "array",
      swapped: header.isBigEndian)
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
