internal import JSON
/// The header of a GGUF file, checked against the file's length before anything in it is used.
struct GGUFHeader: Sendable {
  var version = 0
  var metadata = GGUFMetadata()
  /// The tensors in the order of their bytes.
  var entries: [GGUFFile.Entry] = []
  var positions: [ByteKey: Int] = [:]
  /// The position of the first tensor.
  var dataStart = 0

  static let magic = Array("GGUF".utf8)
  static let alignmentKey = "general.alignment"
  static let defaultAlignment = 32
  static let versions = 2...3
  /// The format's own limits.
  static let maximumKeyLength = 65_535
  static let maximumNameLength = 64
  static let maximumRank = 4
  /// Our own limits, far above any model, which keep the cost of a hostile header proportional to its
  /// length.
  static let maximumCount = 1 << 16
  static let maximumLength = 64 << 20

  init(_ reader: FileReader) throws(TensorFileError) {
    var cursor = GGUFCursor(reader)
    let tensorCount = try readPrefix(&cursor)
    let alignment = try self.alignment(cursor)
    var end = 0
    for index in 0..<tensorCount {
      let entry = try Self.entry(index, at: end, &cursor)
      guard positions.updateValue(index, forKey: ByteKey(entry.name)) == nil else {
        throw cursor.failure(
          .duplicate, "tensor \(quoted(entry.name))", "a name used twice",
          expected: "a unique name")
      }
      entries.append(entry)
      guard let next = Self.roundedUp(entry.byteRange.upperBound, to: alignment) else {
        throw cursor.failure(
          .malformed, "tensor \(quoted(entry.name))", "an end beyond any file")
      }
      end = next
    }
    guard let last = entries.last else { return }
    guard let start = Self.roundedUp(cursor.position, to: alignment),
      last.byteRange.upperBound <= reader.size - start
    else {
      throw TensorFileError(
        .truncated, file: reader.path, field: "tensor \(quoted(last.name))",
        found: "\(reader.size) bytes of file",
        expected: "\(last.byteRange.upperBound) bytes of tensors after the header of"
          + " \(cursor.position)",
        remedy: "The file is cut short; fetch it again")
    }
    dataStart = start
  }

  /// Reads everything before the list of tensors; returns how many there are.
  private mutating func readPrefix(_ cursor: inout GGUFCursor) throws(TensorFileError) -> Int {
    let magic: [UInt8] = try cursor.numbers(4, "the first four bytes")
    guard magic == Self.magic else {
      throw TensorFileError(
        .malformed, file: cursor.file, found: "other first bytes", expected: "'GGUF'",
        remedy: "This is not a GGUF file")
    }
    let version: UInt32 = try cursor.number("the version")
    guard Self.versions.contains(Int(version)) else {
      let isSwapped = Self.versions.contains(Int(version.byteSwapped))
      throw TensorFileError(
        .unsupported, file: cursor.file, field: "version",
        found: isSwapped ? "big-endian numbers" : "\(version)",
        expected: isSwapped ? "a little-endian file" : "2 or 3",
        remedy: "Convert the model again with a current converter")
    }
    self.version = Int(version)
    let tensorCount = try Self.count("tensors", &cursor)
    let fieldCount = try Self.count("fields of metadata", &cursor)
    // A field takes at least 13 bytes: an empty text, a type, a byte.
    try cursor.require(elements: fieldCount, ofAtLeast: 13, "the fields of metadata")
    for _ in 0..<fieldCount {
      let key = try cursor.string("a key of the metadata", atMost: Self.maximumKeyLength)
      let field = "key \(quoted(key))"
      guard !key.isEmpty else {
        throw cursor.failure(.malformed, "the metadata", "an empty key")
      }
      guard metadata[key] == nil else {
        throw cursor.failure(.duplicate, field, "a key used twice")
      }
      metadata[key] = try GGUFValue(&cursor, field)
    }
    // An entry takes at least 24 bytes: an empty name, no sizes, a type, an offset.
    try cursor.require(elements: tensorCount, ofAtLeast: 24, "the list of tensors")
    return tensorCount
  }

  private static func count(_ what: String, _ cursor: inout GGUFCursor) throws(TensorFileError)
    -> Int
  {
    let count: UInt64 = try cursor.number("the number of \(what)")
    guard count <= maximumCount else {
      throw cursor.failure(
        .limitExceeded, "the number of \(what)", "\(count)", expected: "at most \(maximumCount)")
    }
    return Int(count)
  }

  private func alignment(_ cursor: GGUFCursor) throws(TensorFileError) -> Int {
    guard let value = metadata[Self.alignmentKey] else { return Self.defaultAlignment }
    guard case .uint32 = value.elements, let alignment = value.integerValue,
      alignment.nonzeroBitCount == 1
    else {
      throw cursor.failure(
        .malformed, Self.alignmentKey, value.integerValue.map { "\($0)" } ?? "no single number",
        expected: "a power of two as a number of 32 bits")
    }
    return alignment
  }

  /// Reads the entry of a tensor, which must begin where the one before it ends.
  private static func entry(
    _ index: Int, at expectedOffset: Int, _ cursor: inout GGUFCursor
  ) throws(TensorFileError) -> GGUFFile.Entry {
    let name = try cursor.string("the name of tensor \(index)", atMost: maximumNameLength)
    let field = "tensor \(quoted(name))"
    guard !name.isEmpty else {
      throw cursor.failure(.malformed, "tensor \(index)", "an empty name")
    }
    let rank: UInt32 = try cursor.number("\(field) rank")
    guard rank <= maximumRank else {
      throw cursor.failure(
        .malformed, field, "\(rank) dimensions", expected: "at most \(maximumRank)")
    }
    var dimensions: [Int] = []
    for _ in 0..<rank {
      let size: UInt64 = try cursor.number("\(field) dimensions")
      guard size <= Int.max else {
        throw cursor.failure(.malformed, field, "a dimension of \(size)")
      }
      dimensions.append(Int(size))
    }
    // Files list the innermost size first.
    dimensions.reverse()
    let code: UInt32 = try cursor.number("\(field) type")
    guard let type = GGUFElementType(code: code) else {
      throw cursor.failure(
        .unsupported, field, "type \(code)", expected: "a type of the format",
        remedy: "Convert the model to F16, Q8_0, Q4_0 or Q4_1")
    }
    guard (dimensions.last ?? 1) % type.blockElementCount == 0 else {
      throw cursor.failure(
        .malformed, field, "rows of \(dimensions.last ?? 1) elements of \(type)",
        expected: "a multiple of \(type.blockElementCount)")
    }
    guard let bytes = type.byteCount(of: dimensions) else {
      throw cursor.failure(.malformed, field, "sizes \(dimensions), whose product overflows")
    }
    let offset: UInt64 = try cursor.number("\(field) offset")
    guard offset == UInt64(expectedOffset) else {
      throw cursor.failure(
        .malformed, field, "offset \(offset)",
        expected: "\(expectedOffset), where the tensor before it ends")
    }
    let (end, overflow) = expectedOffset.addingReportingOverflow(bytes)
    guard !overflow else {
      throw cursor.failure(.malformed, field, "an end beyond any file")
    }
    return GGUFFile.Entry(
      name: name, elementType: type, dimensions: dimensions, byteRange: expectedOffset..<end)
  }

  /// `position` rounded up to a multiple of `alignment`, a power of two; nil if that overflows.
  static func roundedUp(_ position: Int, to alignment: Int) -> Int? {
    let (sum, overflow) = position.addingReportingOverflow(alignment - 1)
    return overflow ? nil : sum & -alignment
  }
}

extension GGUFValue {
  /// Reads a type and a value of that type.
  init(_ cursor: inout GGUFCursor, _ field: String) throws(TensorFileError) {
    let type: UInt32 = try cursor.number("\(field) type")
    guard type == Self.arrayCode else {
      self.init(try Elements(type, count: 1, &cursor, field), isArray: false)
      return
    }
    let elementType: UInt32 = try cursor.number("\(field) type of elements")
    guard elementType != Self.arrayCode else {
      throw cursor.failure(
        .unsupported, field, "an array of arrays", expected: "an array of numbers or texts")
    }
    let count: UInt64 = try cursor.number("\(field) count")
    guard count <= cursor.remaining else {
      throw cursor.failure(
        .truncated, field, "an array of \(count)",
        expected: "at most the \(cursor.remaining) bytes that follow")
    }
    self.init(try Elements(elementType, count: Int(count), &cursor, field), isArray: true)
  }

  static let arrayCode: UInt32 = 9
}

extension GGUFValue.Elements {
  /// Reads `count` elements of the type with number `code`.
  fileprivate init(
    _ code: UInt32, count: Int, _ cursor: inout GGUFCursor, _ field: String
  ) throws(TensorFileError) {
    switch code {
    case 0: self = .uint8(try cursor.numbers(count, field))
    case 1: self = .int8(try cursor.numbers(count, field))
    case 2: self = .uint16(try cursor.numbers(count, field))
    case 3: self = .int16(try cursor.numbers(count, field))
    case 4: self = .uint32(try cursor.numbers(count, field))
    case 5: self = .int32(try cursor.numbers(count, field))
    case 6: self = .float32(try cursor.numbers(count, field).map { Float(bitPattern: $0) })
    case 7:
      let bytes: [UInt8] = try cursor.numbers(count, field)
      if let byte = bytes.first(where: { $0 > 1 }) {
        throw cursor.failure(.malformed, field, "byte \(byte)", expected: "0 or 1")
      }
      self = .bool(bytes.map { $0 == 1 })
    case 8:
      try cursor.require(elements: count, ofAtLeast: 8, field)
      var texts: [[UInt8]] = []
      texts.reserveCapacity(count)
      for _ in 0..<count { texts.append(try cursor.text(field)) }
      self = .texts(texts)
    case 10: self = .uint64(try cursor.numbers(count, field))
    case 11: self = .int64(try cursor.numbers(count, field))
    case 12: self = .float64(try cursor.numbers(count, field).map { Double(bitPattern: $0) })
    default:
      throw cursor.failure(
        .malformed, field, "values of type \(code)", expected: "a type from 0 to 12")
    }
  }
}
