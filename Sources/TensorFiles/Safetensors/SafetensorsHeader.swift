internal import JSON

/// The header of a safetensors file, checked against the file's length before anything in it is used.
struct SafetensorsHeader: Sendable {
  /// The tensors in the order of their bytes.
  var entries: [SafetensorsFile.Entry] = []
  var positions: [ByteKey: Int] = [:]
  var metadata: [String: String] = [:]
  /// The position of the first tensor.
  let dataStart: Int

  /// The format's own limit on the header.
  static let maximumLength = 100_000_000
  /// Our own limits, far above any model, which keep the cost of a hostile header proportional to its
  /// length.
  static let maximumTensors = 1 << 18
  static let maximumRank = 64
  static let maximumStringLength = 1 << 24
  static let prefixLength = 8
  static let metadataKey = "__metadata__"

  /// The length of the header, from the first eight bytes.
  static func length(prefix: [UInt8], fileSize: Int, file: String) throws(TensorFileError) -> Int {
    guard fileSize >= prefixLength, prefix.count == prefixLength else {
      throw TensorFileError(
        .truncated, file: file, found: "\(fileSize) bytes", expected: "at least \(prefixLength)")
    }
    let length = prefix.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard length <= maximumLength else {
      throw TensorFileError(
        .limitExceeded, file: file, field: "header", found: "a length of \(length) bytes",
        expected: "at most \(maximumLength)", remedy: "This is probably not a safetensors file")
    }
    guard Int(length) <= fileSize - prefixLength else {
      throw TensorFileError(
        .truncated, file: file, field: "header", found: "a length of \(length) bytes",
        expected: "at most the \(fileSize - prefixLength) that follow",
        remedy: "The file is cut short; fetch it again")
    }
    return Int(length)
  }

  /// Reads and checks the text of the header.
  init(text: [UInt8], fileSize: Int, file: String) throws(TensorFileError) {
    dataStart = Self.prefixLength + text.count
    guard text.first == UInt8(ascii: "{") else {
      throw TensorFileError(
        .malformed, file: file, field: "header", found: "a different first byte", expected: "'{'",
        remedy: "This is probably not a safetensors file")
    }
    var reader = JSONReader<TensorFileError>(
      text, file: file, maximumMembers: Self.maximumTensors,
      maximumStringLength: Self.maximumStringLength)
    // Closures cannot change self before all properties are initialised.
    var entries: [SafetensorsFile.Entry] = []
    var metadata: [String: String] = [:]
    try reader.object { (reader, name) throws(TensorFileError) in
      if name == Self.metadataKey {
        try reader.require(.object, field: Self.metadataKey)
        try reader.object { (reader, key) throws(TensorFileError) in
          try reader.require(.string, field: "\(Self.metadataKey) \(quoted(key))")
          metadata[key] = try reader.string()
        }
      } else {
        entries.append(try Self.entry(name, &reader, file: file))
      }
    }
    try reader.end()
    self.metadata = metadata
    self.entries = entries.sorted {
      ($0.byteRange.lowerBound, $0.byteRange.upperBound)
        < ($1.byteRange.lowerBound, $1.byteRange.upperBound)
    }
    try checkLayout(available: fileSize - dataStart, file: file)
    for (position, entry) in self.entries.enumerated() { positions[ByteKey(entry.name)] = position }
  }

  private static func entry(
    _ name: String, _ reader: inout JSONReader<TensorFileError>, file: String
  )
    throws(TensorFileError) -> SafetensorsFile.Entry
  {
    let field = "tensor \(quoted(name))"
    var type: ElementType?
    var dimensions: [Int]?
    var offsets: [Int]?
    try reader.require(.object, field: field)
    try reader.object { (reader, key) throws(TensorFileError) in
      switch key {
      case "dtype":
        try reader.require(.string, field: "\(field) dtype")
        let text = try reader.string()
        type = ElementType(rawValue: text)
        if type == nil {
          throw TensorFileError(
            .unsupported, file: file, field: "\(field) dtype", found: quoted(text),
            expected: "one of " + ElementType.allCases.map(\.rawValue).joined(separator: ", "))
        }
      case "shape": dimensions = try sizes("\(field) shape", limit: maximumRank, &reader)
      case "data_offsets": offsets = try sizes("\(field) data_offsets", limit: 2, &reader)
      default: try reader.skipValue()
      }
    }
    guard let type, let dimensions, let offsets else {
      let missing = type == nil ? "dtype" : dimensions == nil ? "shape" : "data_offsets"
      throw TensorFileError(
        .missing, file: file, field: field, found: "no '\(missing)'",
        expected: "dtype, shape and data_offsets")
    }
    guard offsets.count == 2, offsets[0] <= offsets[1] else {
      throw TensorFileError(
        .malformed, file: file, field: "\(field) data_offsets", found: "\(offsets)",
        expected: "[begin, end] in ascending order")
    }
    guard let bytes = type.byteCount(of: dimensions) else {
      throw TensorFileError(
        .malformed, file: file, field: "\(field) shape",
        found: "\(dimensions), whose size overflows or ends within a byte")
    }
    guard bytes == offsets[1] - offsets[0] else {
      throw TensorFileError(
        .malformed, file: file, field: "\(field) data_offsets", found: "\(offsets)",
        expected: "\(bytes) bytes for \(type.rawValue) \(dimensions)")
    }
    return SafetensorsFile.Entry(
      name: name, elementType: type, dimensions: dimensions, byteRange: offsets[0]..<offsets[1])
  }

  private static func sizes(
    _ field: String, limit: Int, _ reader: inout JSONReader<TensorFileError>
  )
    throws(TensorFileError) -> [Int]
  {
    var sizes: [Int] = []
    try reader.require(.array, field: field)
    try reader.array { (reader, _) throws(TensorFileError) in
      guard sizes.count < limit else {
        throw reader.failure(
          "more than \(limit) numbers", expected: "at most \(limit)", code: .limitExceeded,
          field: field)
      }
      sizes.append(try reader.integer(in: 0...Int.max, field: field))
    }
    return sizes
  }

  /// Throws unless the tensors fill the rest of the file exactly, without gaps or overlaps.
  private func checkLayout(available: Int, file: String) throws(TensorFileError) {
    var end = 0
    for entry in entries {
      guard entry.byteRange.lowerBound == end else {
        let fault = entry.byteRange.lowerBound > end ? "a gap before it" : "an overlap"
        throw TensorFileError(
          .malformed, file: file, field: "tensor \(quoted(entry.name)) data_offsets",
          found: "begin \(entry.byteRange.lowerBound), \(fault)", expected: "\(end)")
      }
      end = entry.byteRange.upperBound
    }
    guard end == available else {
      throw TensorFileError(
        end > available ? .truncated : .malformed, file: file,
        found: "\(available) bytes of tensors", expected: "\(end)",
        remedy: end > available ? "The file is cut short; fetch it again" : nil)
    }
  }
}
