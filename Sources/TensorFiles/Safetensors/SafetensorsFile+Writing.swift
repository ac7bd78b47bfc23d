internal import JSON
public import Tensors

extension SafetensorsFile {
  /// A tensor to be written.
  public struct Source {
    let name: String
    let elementType: ElementType
    let shape: Shape
    let write: (inout FileWriter, _ file: String) throws(TensorFileError) -> Void

    /// The bytes that it takes in a file.
    package var byteCount: Int { shape.elementCount * elementType.byteCount }

    /// A tensor stored as it is.
    public init<Scalar: TensorFileScalar>(_ name: String, _ tensor: Tensor<Scalar>) {
      self.name = name
      elementType = Scalar.elementType
      shape = tensor.shape
      write = { (writer, _) throws(TensorFileError) in try writer.write(tensor) }
    }

    /// A tensor of floats stored as F32, F16 or BF16, rounded to nearest even.
    ///
    /// Traps on any other element type. Writing throws if rounding would make a finite number infinite.
    public init(_ name: String, _ tensor: Tensor<Float>, as elementType: ElementType) {
      self.init(name, shape: tensor.shape, as: elementType) { () throws(TensorFileError) in tensor }
    }

    /// A tensor of floats that is made when it is written, so that only one is in memory at a time.
    ///
    /// Traps on an element type other than F32, F16 and BF16, and when the tensor that is made has
    /// another shape. What `make` throws ends the writing.
    public init(
      _ name: String, shape: Shape, as elementType: ElementType = .f32,
      make: @escaping () throws(TensorFileError) -> Tensor<Float>
    ) {
      precondition(
        [.f32, .f16, .bf16].contains(elementType),
        "SafetensorsFile.Source: floats are not stored as \(elementType.rawValue)")
      self.name = name
      self.elementType = elementType
      self.shape = shape
      write = { (writer, file) throws(TensorFileError) in
        let tensor = try make()
        precondition(
          tensor.shape == shape,
          "SafetensorsFile.Source: '\(name)' was announced as \(shape) and made as \(tensor.shape)")
        try writer.write(tensor, as: elementType, file: file, name: name)
      }
    }
  }

  /// Writes a file, which appears under its name only when complete (see ``AtomicFile``).
  ///
  /// Tensors are written one after the other, directly from their storage. Wider element types come
  /// first and the header is padded, so every tensor is aligned; within a type tensors are sorted by
  /// name, so the same tensors give the same bytes.
  ///
  /// - Throws: A ``TensorFileError`` if a name is used twice or the file cannot be written.
  public static func write(
    _ sources: [Source], metadata: [String: String] = [:], to path: String
  ) throws(TensorFileError) {
    let sources = sources.sorted {
      ($1.elementType.byteCount, $0.elementType.rawValue, $0.name)
        < ($0.elementType.byteCount, $1.elementType.rawValue, $1.name)
    }
    let header = try headerText(sources, metadata: metadata, file: path)
    try AtomicFile.write(to: path) { (writer) throws(TensorFileError) in
      try writer.write((0..<8).map { UInt8(truncatingIfNeeded: header.count >> ($0 * 8)) })
      try writer.write(header)
      for source in sources { try source.write(&writer, path) }
    }
  }

  /// Writes tensors of one scalar under their names; see ``write(_:metadata:to:)``.
  public static func write<Scalar: TensorFileScalar>(
    _ tensors: [String: Tensor<Scalar>], metadata: [String: String] = [:], to path: String
  ) throws(TensorFileError) {
    try write(tensors.map { Source($0.key, $0.value) }, metadata: metadata, to: path)
  }

  private static func headerText(
    _ sources: [Source], metadata: [String: String], file: String
  ) throws(TensorFileError) -> [UInt8] {
    var header = JSONObject()
    if !metadata.isEmpty {
      var texts = JSONObject()
      for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { texts[key] = .string(value) }
      header[SafetensorsHeader.metadataKey] = .object(texts)
    }
    var end = 0
    for source in sources {
      guard header[source.name] == nil, source.name != SafetensorsHeader.metadataKey else {
        throw TensorFileError(
          .duplicate, file: file, field: "tensor \(quoted(source.name))",
          found: "a name used twice", expected: "a unique name")
      }
      let begin = end
      end += source.byteCount
      header[source.name] = [
        "dtype": .string(source.elementType.rawValue),
        "shape": .array(source.shape.map { .integer($0) }),
        "data_offsets": [.integer(begin), .integer(end)],
      ]
    }
    var text = Array(JSONValue.object(header).text().utf8)
    text += [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
    guard text.count <= SafetensorsHeader.maximumLength else {
      throw TensorFileError(
        .limitExceeded, file: file, field: "header", found: "\(text.count) bytes",
        expected: "at most \(SafetensorsHeader.maximumLength)")
    }
    return text
  }
}
