internal import JSON
public import Quantization
public import Tensors

/// An open, checked GGUF file, whose tensors are read by name on request.
///
/// Versions 2 and 3 of the format, little-endian
/// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Opening reads the header and verifies
/// all of it, metadata included, against the length of the file; a header takes at most 64 MiB and
/// lists at most 65,536 tensors. The file stays open for the life of the value. Safe to use from
/// several threads.
public struct GGUFFile: Sendable {
  /// What the header says about one tensor.
  public struct Entry: Sendable, Hashable {
    /// The name.
    public let name: String
    /// How the elements are stored.
    public let elementType: GGUFElementType
    let dimensions: [Int]
    /// The byte range, relative to the start of the first tensor.
    public let byteRange: Range<Int>

    /// The sizes of the axes, outermost first, which is the reverse of the file's order.
    public var shape: Shape { Shape(dimensions) }
  }

  private let reader: FileReader
  private let header: GGUFHeader

  /// Opens a file and checks its header.
  ///
  /// - Throws: A ``TensorFileError`` for anything the format forbids, and for version 1 and big-endian
  ///   files.
  public init(path: String) throws(TensorFileError) {
    reader = try FileReader(path: path)
    header = try GGUFHeader(reader)
  }

  /// Whether there is a file at a path that begins as one of this format.
  public static func isGGUF(at path: String) -> Bool {
    guard let reader = try? FileReader(path: path) else { return false }
    return (try? reader.bytes(in: 0..<min(4, reader.size))) == GGUFHeader.magic
  }

  /// The path, as it was given.
  public var path: String { reader.path }
  /// The version of the format: 2 or 3.
  public var version: Int { header.version }
  /// The values stored beside the tensors.
  public var metadata: GGUFMetadata { header.metadata }
  /// All tensors in the order of their bytes.
  public var entries: [Entry] { header.entries }
  /// The names of all tensors in the order of their bytes.
  public var names: [String] { header.entries.map(\.name) }

  /// The header's entry for a tensor, or nil if there is none with this name.
  public func entry(named name: String) -> Entry? {
    header.positions[ByteKey(name)].map { header.entries[$0] }
  }

  /// Reads one tensor as floats.
  public func tensor(named name: String) throws(TensorFileError) -> Tensor<Float> {
    try tensor(named: name, as: Float.self)
  }

  /// Reads one tensor of plain elements, as any scalar that holds all their values exactly; as
  /// floats also one of blocks, dequantised: Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q2_K to Q6_K, IQ4_NL or IQ4_XS.
  public func tensor<Scalar: TensorFileScalar>(
    named name: String, as scalar: Scalar.Type = Scalar.self
  ) throws(TensorFileError) -> Tensor<Scalar> {
    let entry = try requiredEntry(named: name)
    if entry.elementType.block != nil,
      let values = try blocks(named: name).dequantized() as? Tensor<Scalar>
    {
      return values
    }
    if let block = entry.elementType.readBlock, scalar == Float.self,
      let values = try decoded(entry, block) as? Tensor<Scalar>
    {
      return values
    }
    guard let type = entry.elementType.elementType else {
      throw unreadable(
        entry,
        expected: scalar == Float.self ? "one of \(GGUFElementType.readable)" : "plain elements")
    }
    return try reader.tensor(
      at: header.dataStart + entry.byteRange.lowerBound, of: type, shape: entry.shape,
      field: "tensor \(quoted(name))")
  }

  /// Reads one tensor of Q8_0, Q4_0 or Q4_1 as it is stored.
  ///
  /// - Throws: A ``TensorFileError`` for any other type, and if a scale in it is not finite.
  public func blocks(named name: String) throws(TensorFileError) -> GGUFBlockTensor {
    let entry = try requiredEntry(named: name)
    guard let block = entry.elementType.block else {
      throw unreadable(entry, expected: "Q8_0, Q4_0 or Q4_1")
    }
    let bytes = try bytes(of: entry)
    do throws(QuantizationError) {
      return try GGUFBlockTensor(
        shape: entry.shape, block: block, parts: TensorParts(bytes: ["blocks": bytes]))
    } catch {
      throw TensorFileError(
        .malformed, file: path, field: "tensor \(quoted(name))", found: "\(error)")
    }
  }

  /// Reads the bytes of one tensor as they are stored.
  public func bytes(named name: String) throws(TensorFileError) -> [UInt8] {
    try bytes(of: requiredEntry(named: name)).scalars
  }

  private func bytes(of entry: Entry) throws(TensorFileError) -> Tensor<UInt8> {
    try reader.tensor(
      at: header.dataStart + entry.byteRange.lowerBound, of: .u8,
      shape: [entry.byteRange.count], field: "tensor \(quoted(entry.name))")
  }

  private func decoded(_ entry: Entry, _ block: GGUFReadBlock) throws(TensorFileError) -> Tensor<
    Float
  > {
    let type = entry.elementType
    let values = block.decoded(
      try bytes(of: entry), shape: entry.shape, elementCount: type.blockElementCount,
      byteCount: type.blockByteCount)
    guard let values else {
      throw TensorFileError(
        .malformed, file: path, field: "tensor \(quoted(entry.name))",
        found: "blocks with NaN or infinity as a step", remedy: "Fetch the file again")
    }
    return values
  }

  /// Reads a matrix as it is stored, so that it is computed with in 4 or 8 bits where the file has
  /// it so; one of another type becomes floats.
  ///
  /// - Throws: A ``TensorFileError`` if it does not have two axes or one of these types.
  public func matrix(named name: String) throws(TensorFileError) -> StoredMatrix {
    let entry = try requiredEntry(named: name)
    guard entry.dimensions.count == 2 else {
      throw TensorFileError(
        .typeMismatch, file: path, field: "tensor \(quoted(name))", found: "\(entry.shape)",
        expected: "two axes")
    }
    return entry.elementType.block == nil
      ? .dense(try tensor(named: name)) : .quantized(try blocks(named: name))
  }

  private func unreadable(_ entry: Entry, expected: String) -> TensorFileError {
    TensorFileError(
      .unsupported, file: path, field: "tensor \(quoted(entry.name))",
      found: "elements of type \(entry.elementType)", expected: expected,
      remedy: "Convert the model to F16, Q8_0, Q4_0 or Q4_1")
  }

  private func requiredEntry(named name: String) throws(TensorFileError) -> Entry {
    if let entry = entry(named: name) { return entry }
    let some = names.prefix(3).map(quoted).joined(separator: ", ")
    throw TensorFileError(
      .missing, file: path, field: "tensor \(quoted(name))", found: "no such tensor",
      expected: names.isEmpty ? nil : "one of \(names.count) such as \(some)")
  }
}
