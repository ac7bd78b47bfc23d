internal import JSON
public import Tensors

/// An open, checked safetensors file, whose tensors are read by name on request.
///
/// Opening reads and verifies only the header: see the format at
/// https://huggingface.co/docs/safetensors. The file stays open for the life of the value, so replacing
/// it under its name does not disturb a reader. Safe to use from several threads.
public struct SafetensorsFile: Sendable {
  /// What the header says about one tensor.
  public struct Entry: Sendable, Hashable {
    /// The name.
    public let name: String
    /// How the elements are stored.
    public let elementType: ElementType
    let dimensions: [Int]
    /// The byte range, relative to the end of the header.
    public let byteRange: Range<Int>

    /// The sizes of the axes, outermost first.
    public var shape: Shape { Shape(dimensions) }
  }

  private let reader: FileReader
  private let header: SafetensorsHeader

  /// Opens a file and checks its header.
  ///
  /// - Throws: A ``TensorFileError`` for anything the format forbids. For files of other known formats
  ///   the error names the format and how to convert it.
  public init(path: String) throws(TensorFileError) {
    reader = try FileReader(path: path)
    let start = SafetensorsHeader.prefixLength
    let beginning = try reader.bytes(in: 0..<min(start + 1, reader.size))
    try Self.refuseOtherFormats(path: path, beginning: beginning)
    let length = try SafetensorsHeader.length(
      prefix: Array(beginning.prefix(start)), fileSize: reader.size, file: path)
    header = try SafetensorsHeader(
      text: reader.bytes(in: start..<start + length), fileSize: reader.size, file: path)
  }

  /// The path, as it was given.
  public var path: String { reader.path }
  /// The texts stored beside the tensors.
  public var metadata: [String: String] { header.metadata }
  /// All tensors in the order of their bytes.
  public var entries: [Entry] { header.entries }
  /// The names of all tensors in the order of their bytes.
  public var names: [String] { header.entries.map(\.name) }

  /// The header's entry for a tensor, or nil if there is none with this name.
  public func entry(named name: String) -> Entry? {
    header.positions[ByteKey(name)].map { header.entries[$0] }
  }

  /// Reads one tensor.
  ///
  /// - Parameters:
  ///   - name: Its name.
  ///   - scalar: The scalar to read it as. F16 and BF16 can be read as Float, smaller integers as
  ///     larger ones; a conversion that could lose precision is an error.
  ///   - shape: The required shape, if known.
  public func tensor<Scalar: TensorFileScalar>(
    named name: String, as scalar: Scalar.Type = Scalar.self, shape: Shape? = nil
  ) throws(TensorFileError) -> Tensor<Scalar> {
    let entry = try requiredEntry(named: name)
    if let shape, shape != entry.shape {
      throw TensorFileError(
        .typeMismatch, file: path, field: "tensor \(quoted(name)) shape", found: "\(entry.shape)",
        expected: "\(shape)")
    }
    return try reader.tensor(
      at: header.dataStart + entry.byteRange.lowerBound, of: entry.elementType,
      shape: entry.shape, field: "tensor \(quoted(name))")
  }

  /// Reads one tensor as floats.
  public func tensor(named name: String, shape: Shape? = nil) throws(TensorFileError)
    -> Tensor<Float>
  {
    try tensor(named: name, as: Float.self, shape: shape)
  }

  /// Reads the bytes of one tensor as they are stored.
  public func bytes(named name: String) throws(TensorFileError) -> [UInt8] {
    let range = try requiredEntry(named: name).byteRange
    return try reader.bytes(
      in: header.dataStart + range.lowerBound..<header.dataStart + range.upperBound)
  }

  private func requiredEntry(named name: String) throws(TensorFileError) -> Entry {
    if let entry = entry(named: name) { return entry }
    let some = names.prefix(3).map(quoted).joined(separator: ", ")
    throw TensorFileError(
      .missing, file: path, field: "tensor \(quoted(name))", found: "no such tensor",
      expected: names.isEmpty ? nil : "one of \(names.count) such as \(some)")
  }

  /// Throws for files of other formats. Pickled files run code when they are opened, so they are never
  /// read here.
  static func refuseOtherFormats(path: String, beginning: [UInt8]) throws(TensorFileError) {
    if beginning.count > 8, beginning[8] == UInt8(ascii: "{") { return }
    let isArchive = beginning.starts(with: [0x50, 0x4b, 0x03, 0x04])
    let isPickle = beginning.count >= 2 && beginning[0] == 0x80 && (2...5).contains(beginning[1])
    let endings = [".pt", ".pth", ".bin", ".ckpt", ".pkl"]
    if isArchive || isPickle || endings.contains(where: path.hasSuffix) {
      let isPlain = path.allSatisfy {
        $0.isASCII && ($0.isLetter || $0.isNumber || "/._-".contains($0))
      }
      let name = isPlain ? path : "model.bin"
      throw TensorFileError(
        .unsupported, file: path, found: "a PyTorch pickle", expected: "a safetensors file",
        remedy: """
          Convert it: python3 -c "import torch; from safetensors.torch import save_file; \
          w = torch.load('\(name)', map_location='cpu', weights_only=True); \
          save_file({k: v.clone().contiguous() for k, v in w.items()}, 'model.safetensors')"
          """)
    }
    if beginning.starts(with: Array("GGUF".utf8)) {
      throw TensorFileError(
        .unsupported, file: path, found: "a GGUF file", expected: "a safetensors file")
    }
  }
}
