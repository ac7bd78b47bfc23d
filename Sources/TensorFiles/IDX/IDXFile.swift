public import Tensors

/// IDX files, as MNIST and its like are published: one array each, big-endian.
///
/// Two zero bytes, a byte for the element type, one for the number of axes, four bytes for the size of
/// each axis, then the elements with the last axis fastest (Y. LeCun, C. Cortes and C. Burges, The MNIST
/// database).
public struct IDXFile: Sendable {
  private let reader: FileReader
  private let dataStart: Int
  /// How the elements are stored.
  public let elementType: ElementType
  /// The sizes of the axes, outermost first.
  public let shape: Shape

  private static let types: [UInt8: ElementType] = [
    0x08: .u8, 0x09: .i8, 0x0B: .i16, 0x0C: .i32, 0x0D: .f32, 0x0E: .f64,
  ]

  /// Opens a file and checks its header against its length.
  public init(path: String) throws(TensorFileError) {
    let reader = try FileReader(path: path)
    let start = try reader.bytes(in: 0..<min(4, reader.size))
    if start.starts(with: [0x1F, 0x8B]) {
      throw TensorFileError(
        .unsupported, file: path, found: "a file packed by gzip",
        remedy: "Unpack it first: gunzip --keep FILE")
    }
    guard start.count == 4, start[0] == 0, start[1] == 0, let type = Self.types[start[2]],
      start[3] > 0
    else {
      throw TensorFileError(
        .malformed, file: path, offset: 0, found: "the bytes \(start)",
        expected: "two zeros, a type of elements from 8 to 14, and a number of axes")
    }
    dataStart = 4 + 4 * Int(start[3])
    guard dataStart <= reader.size else {
      throw TensorFileError(
        .truncated, file: path, found: "\(reader.size) bytes",
        expected: "\(dataStart) or more for \(start[3]) axes")
    }
    let sizes = try reader.bytes(in: 4..<dataStart)
    let dimensions = stride(from: 0, to: sizes.count, by: 4).map { first in
      sizes[first..<first + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    let expected = dimensions.contains(0) ? 0 : type.byteCount(of: dimensions)
    guard expected == reader.size - dataStart else {
      throw TensorFileError(
        .malformed, file: path, field: "sizes \(dimensions)",
        found: "\(reader.size - dataStart) bytes of elements",
        expected: expected.map { "\($0)" } ?? "as many as there can be")
    }
    self.reader = reader
    elementType = type
    shape = Shape(dimensions)
  }

  /// Reads the array as any scalar that holds all its values exactly.
  public func tensor<Scalar: TensorFileScalar>(as scalar: Scalar.Type = Scalar.self)
    throws(TensorFileError) -> Tensor<Scalar>
  {
    try reader.tensor(
      at: dataStart, of: elementType, shape: shape, field: "array", swapped: true)
  }
}
