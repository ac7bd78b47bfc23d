public import Quantization
public import Tensors

extension GGUFFile {
  /// A tensor to be written.
  public struct Source {
    let name: String
    let elementType: GGUFElementType
    let shape: Shape
    let write: (inout FileWriter, _ file: String) throws(TensorFileError) -> Void

    /// A tensor of floats stored as F32, F16 or BF16, rounded to nearest even.
    ///
    /// Traps on any other element type. Writing throws if rounding would make a finite number infinite.
    public init(_ name: String, _ tensor: Tensor<Float>, as elementType: ElementType = .f32) {
      precondition(
        [.f32, .f16, .bf16].contains(elementType),
        "GGUFFile.Source: floats are not stored as \(elementType.rawValue)")
      self.init(
        name, shape: tensor.shape,
        as: elementType == .f16 ? .f16 : elementType == .bf16 ? .bf16 : .f32
      ) { () throws(TensorFileError) in tensor }
    }

    /// A tensor of floats that is made when its turn comes, so that only one is in memory at once, and
    /// rounded to a type of elements or quantised to blocks.
    ///
    /// Traps on a type other than F32, F16, BF16, Q8_0, Q4_0 and Q4_1, and when the tensor that is made has
    /// another shape. What `make` throws ends the writing.
    public init(
      _ name: String, shape: Shape, as type: GGUFElementType,
      make: @escaping () throws(TensorFileError) -> Tensor<Float>
    ) {
      let plain = type.elementType
      precondition(
        type.block != nil || [.f32, .f16, .bf16].contains(plain),
        "GGUFFile.Source: floats are not stored as \(type)")
      self.name = name
      elementType = type
      self.shape = shape
      write = { (writer, file) throws(TensorFileError) in
        let tensor = try make()
        precondition(
          tensor.shape == shape,
          "GGUFFile.Source: '\(name)' was announced as \(shape) and made as \(tensor.shape)")
        if let block = type.block {
          try Self(name, GGUFBlockTensor(quantizing: tensor, as: block)).write(&writer, file)
        } else if let plain {
          try writer.write(tensor, as: plain, file: file, name: name)
        }
      }
    }

    /// A tensor in blocks, stored as it is. Writing throws if its rows are not whole blocks or a number
    /// in it is not finite.
    public init(_ name: String, _ tensor: GGUFBlockTensor) {
      self.name = name
      elementType = GGUFElementType(tensor.block)
      shape = tensor.shape
      write = { (writer, file) throws(TensorFileError) in
        guard tensor.isFinite else {
          throw TensorFileError(
            .unsupported, file: file, field: "tensor \(quoted(name))",
            found: "blocks with NaN or infinity", expected: "finite numbers")
        }
        try writer.write(tensor.blocks)
      }
    }
  }

  /// Writes a file of version 3, which appears under its name only when complete (see ``AtomicFile``):
  /// the metadata and the tensors in the given order, each tensor aligned to `general.alignment` bytes,
  /// by default 32.
  ///
  /// - Throws: A ``TensorFileError`` for names that are too long or used twice, for more than four axes,
  ///   for rows that are not whole blocks, and if the file cannot be written.
  public static func write(
    _ sources: [Source], metadata: GGUFMetadata = [:], to path: String
  ) throws(TensorFileError) {
    let alignment = try alignment(metadata, file: path)
    let header = try GGUFHeader.bytes(sources, metadata, alignment: alignment, file: path)
    try AtomicFile.write(to: path) { (writer) throws(TensorFileError) in
      try writer.write(header)
      for source in sources {
        try writer.pad(to: alignment)
        try source.write(&writer, path)
      }
      try writer.pad(to: alignment)
    }
  }

  private static func alignment(
    _ metadata: GGUFMetadata, file: String
  ) throws(TensorFileError) -> Int {
    guard let value = metadata[GGUFHeader.alignmentKey] else { return GGUFHeader.defaultAlignment }
    guard case .uint32 = value.elements, let alignment = value.integerValue,
      alignment.nonzeroBitCount == 1, alignment <= 1 << 20
    else {
      throw TensorFileError(
        .unsupported, file: file, field: GGUFHeader.alignmentKey, found: "\(value.elements)",
        expected: "a power of two up to 2^20 as a number of 32 bits")
    }
    return alignment
  }
}

extension GGUFHeader {
  /// The bytes of a header, without the padding after it.
  fileprivate static func bytes(
    _ sources: [GGUFFile.Source], _ metadata: GGUFMetadata, alignment: Int, file: String
  ) throws(TensorFileError) -> [UInt8] {
    var bytes = magic
    bytes.append(number: UInt32(versions.upperBound))
    bytes.append(number: UInt64(sources.count))
    bytes.append(number: UInt64(metadata.keys.count))
    for key in metadata.keys {
      guard !key.isEmpty, key.utf8.count <= maximumKeyLength else {
        throw TensorFileError(
          .unsupported, file: file, field: "key \(quoted(key))",
          found: "\(key.utf8.count) bytes", expected: "from 1 to \(maximumKeyLength)")
      }
      bytes.append(text: key.utf8)
      bytes.append(value: metadata[key]!)
    }
    var names: Set<String> = []
    var offset = 0
    for source in sources {
      try check(source, &names, file: file)
      bytes.append(text: source.name.utf8)
      bytes.append(number: UInt32(source.shape.rank))
      for size in source.shape.reversed() { bytes.append(number: UInt64(size)) }
      bytes.append(number: source.elementType.code)
      bytes.append(number: UInt64(offset))
      guard let count = source.elementType.byteCount(of: source.shape.dimensions),
        let end = roundedUp(offset + count, to: alignment)
      else {
        preconditionFailure("GGUFFile: the bytes of \(source.shape) overflow")
      }
      offset = end
    }
    guard bytes.count <= maximumLength, max(sources.count, metadata.keys.count) <= maximumCount
    else {
      throw TensorFileError(
        .limitExceeded, file: file, field: "header", found: "\(bytes.count) bytes",
        expected: "at most \(maximumLength), and at most \(maximumCount) tensors and keys")
    }
    return bytes
  }

  private static func check(
    _ source: GGUFFile.Source, _ names: inout Set<String>, file: String
  ) throws(TensorFileError) {
    let field = "tensor \(quoted(source.name))"
    guard (1...maximumNameLength).contains(source.name.utf8.count) else {
      throw TensorFileError(
        .unsupported, file: file, field: field, found: "a name of \(source.name.utf8.count) bytes",
        expected: "from 1 to \(maximumNameLength)")
    }
    guard names.insert(source.name).inserted else {
      throw TensorFileError(
        .duplicate, file: file, field: field, found: "a name used twice",
        expected: "a unique name")
    }
    guard source.shape.rank <= maximumRank else {
      throw TensorFileError(
        .unsupported, file: file, field: field, found: "\(source.shape)",
        expected: "at most \(maximumRank) axes")
    }
    let row = source.shape.rank == 0 ? 1 : source.shape.lastDimension
    guard row % source.elementType.blockElementCount == 0 else {
      throw TensorFileError(
        .unsupported, file: file, field: field,
        found: "rows of \(row) elements of \(source.elementType)",
        expected: "a multiple of \(source.elementType.blockElementCount)",
        remedy: "Store this tensor as F16")
    }
  }
}

extension FileWriter {
  /// Appends zeros up to a multiple of `alignment`.
  fileprivate mutating func pad(to alignment: Int) throws(TensorFileError) {
    let past = count % alignment
    if past > 0 { try write([UInt8](repeating: 0, count: alignment - past)) }
  }
}

extension [UInt8] {
  fileprivate mutating func append<Value: FixedWidthInteger>(number: Value) {
    Swift.withUnsafeBytes(of: number.littleEndian) { append(contentsOf: $0) }
  }

  fileprivate mutating func append(text: some Collection<UInt8>) {
    append(number: UInt64(text.count))
    append(contentsOf: text)
  }

  fileprivate mutating func append(value: GGUFValue) {
    func put<Value: FixedWidthInteger>(_ code: UInt32, _ numbers: [Value]) {
      append(head: code, numbers.count, isArray: value.isArray)
      for number in numbers { append(number: number) }
    }
    switch value.elements {
    case .uint8(let values): put(0, values)
    case .int8(let values): put(1, values)
    case .uint16(let values): put(2, values)
    case .int16(let values): put(3, values)
    case .uint32(let values): put(4, values)
    case .int32(let values): put(5, values)
    case .float32(let values): put(6, values.map(\.bitPattern))
    case .bool(let values): put(7, values.map { $0 ? 1 : 0 as UInt8 })
    case .string(let values):
      append(head: 8, values.count, isArray: value.isArray)
      for value in values { append(text: value.utf8) }
    case .data(let values):
      append(head: 8, values.count, isArray: value.isArray)
      for value in values { append(text: value) }
    case .uint64(let values): put(10, values)
    case .int64(let values): put(11, values)
    case .float64(let values): put(12, values.map(\.bitPattern))
    }
  }

  private mutating func append(head code: UInt32, _ count: Int, isArray: Bool) {
    if isArray { append(number: GGUFValue.arrayCode) }
    append(number: code)
    if isArray { append(number: UInt64(count)) }
  }
}
