/// The checked header of a `.npy` file: a magic number and a dictionary in Python's notation.
struct NPYHeader: Sendable {
  var elementType = ElementType.f32
  var isBigEndian = false
  var isFortranOrder = false
  var dimensions: [Int] = []
  var dataStart = 0
  var dataEnd = 0

  /// Longer headers belong to arrays of records, which are not supported.
  static let maximumLength = 1 << 16
  static let maximumRank = 64
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  private static let descriptions: [String: ElementType] = [
    "<f8": .f64, "<f4": .f32, "<f2": .f16, "<i8": .i64, "<i4": .i32, "<i2": .i16,
    "<u8": .u64, "<u4": .u32, "<u2": .u16, "|i1": .i8, "|u1": .u8, "|b1": .bool,
  ]

  /// The meaning of a description: an optional byte order, then the kind and the size.
  private static func elementType(_ description: String) -> (type: ElementType, isSwapped: Bool)? {
    let plain = description.drop { "<>|=".contains($0) }
    guard description.count - plain.count <= 1,
      let type = descriptions["<" + plain] ?? descriptions["|" + plain]
    else { return nil }
    return (type, description.first == ">" && type.byteCount > 1)
  }

  /// Checks the first bytes of a file: all of them, or the first `maximumLength`.
  init(start: [UInt8], fileSize: Int, file: String) throws(TensorFileError) {
    guard start.starts(with: Self.magic), start.count >= 10 else {
      throw TensorFileError(
        start.count < 10 && Self.magic.starts(with: start.prefix(6)) ? .truncated : .malformed,
        file: file, found: "other first bytes", expected: "the magic number of a .npy file",
        remedy: "Open an .npz archive as NPZFile")
    }
    let version = start[6]
    guard (1...3).contains(version), version == 1 || start.count >= 12 else {
      throw TensorFileError(
        .unsupported, file: file, field: "version", found: "\(version)", expected: "1, 2 or 3")
    }
    let textStart = version == 1 ? 10 : 12
    let length = start[8..<textStart].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= start.count - textStart else {
      throw TensorFileError(
        length > fileSize - textStart ? .truncated : .limitExceeded, file: file, field: "header",
        found: "a length of \(length) bytes", expected: "at most \(start.count - textStart)")
    }
    dataStart = textStart + length
    var parser = NPYHeaderParser(start[textStart..<dataStart], file: file)
    let fields = try parser.parse()

    guard let (type, isSwapped) = Self.elementType(fields.description) else {
      throw TensorFileError(
        .unsupported, file: file, field: "descr", found: quoted(fields.description),
        expected: "one of " + Self.descriptions.keys.sorted().joined(separator: ", "),
        remedy: "Convert the array with astype before saving it")
    }
    elementType = type
    isBigEndian = isSwapped
    isFortranOrder = fields.isFortranOrder
    dimensions = fields.shape
    guard let bytes = type.byteCount(of: dimensions) else {
      throw TensorFileError(
        .malformed, file: file, field: "shape", found: "\(dimensions), whose size overflows")
    }
    dataEnd = dataStart &+ bytes
    // Another array may follow; if it begins beyond these bytes, `next()` checks it.
    let isFollowed =
      bytes < fileSize - dataStart
      && (dataEnd < start.count
        ? start[dataEnd...].starts(with: Self.magic) : fileSize > start.count)
    guard bytes == fileSize - dataStart || isFollowed else {
      throw TensorFileError(
        bytes > fileSize - dataStart ? .truncated : .malformed, file: file, field: "data",
        found: "\(fileSize - dataStart) bytes",
        expected: "\(bytes) for \(fields.description) \(dimensions)")
    }
  }

  /// The header of an array in row-major order, padded to align the data to 64 bytes.
  static func bytes(elementType: ElementType, shape: [Int]) -> [UInt8] {
    let description = descriptions.first { $0.value == elementType }!.key
    let sizes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    var text = "{'descr': '\(description)', 'fortran_order': False, 'shape': (\(sizes)), }"
    // NumPy leaves room for the first size to grow in place; doing the same makes files identical.
    if let first = shape.first {
      text += String(repeating: " ", count: max(0, 21 - String(first).count))
    }
    // Every header fits in version 1: 64 axes take 1,400 bytes.
    precondition(shape.count <= maximumRank, "NPYFile.write: more than \(maximumRank) axes")
    let padding = (64 - (10 + text.utf8.count + 1) % 64) % 64
    let length = text.utf8.count + padding + 1
    return magic + [1, 0, UInt8(length & 0xff), UInt8(length >> 8)] + Array(text.utf8)
      + [UInt8](repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
  }
}

/// Parses the form of Python dictionary that NumPy writes.
private struct NPYHeaderParser {
  struct Fields {
    var description = ""
    var isFortranOrder = false
    var shape: [Int] = []
  }

  private var rest: ArraySlice<UInt8>
  private let start: Int
  private let file: String

  init(_ text: ArraySlice<UInt8>, file: String) {
    rest = text
    start = text.startIndex
    self.file = file
  }

  mutating func parse() throws(TensorFileError) -> Fields {
    var fields = Fields()
    var seen: Set<String> = []
    try expect("{")
    while !accept("}") {
      let key = try string()
      guard seen.insert(key).inserted else { throw failure("'\(key)' used twice", .duplicate) }
      try expect(":")
      switch key {
      case "descr": fields.description = try string()
      case "fortran_order": fields.isFortranOrder = try boolean()
      case "shape": fields.shape = try tuple()
      default: throw failure("the key \(quoted(key))", expected: "descr, fortran_order or shape")
      }
      if !accept(",") {
        try expect("}")
        break
      }
    }
    guard rest.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }) else {
      throw failure("text after the dictionary")
    }
    guard seen.count == 3 else {
      throw failure("only \(seen.sorted())", .missing, expected: "descr, fortran_order and shape")
    }
    return fields
  }

  private func failure(
    _ found: String, _ code: TensorFileError.Code = .malformed, expected: String? = nil
  ) -> TensorFileError {
    TensorFileError(
      code, file: file, field: "header", offset: rest.startIndex, found: found, expected: expected)
  }

  private mutating func skipSpaces() {
    rest = rest.drop { $0 == UInt8(ascii: " ") }
  }

  private mutating func accept(_ text: String) -> Bool {
    skipSpaces()
    guard rest.starts(with: text.utf8) else { return false }
    rest = rest.dropFirst(text.utf8.count)
    return true
  }

  private mutating func expect(_ text: String) throws(TensorFileError) {
    if !accept(text) { throw failure("other text", expected: "'\(text)'") }
  }

  private mutating func string() throws(TensorFileError) -> String {
    skipSpaces()
    guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      let isList = rest.first == UInt8(ascii: "[")
      throw failure(
        isList ? "an array of records" : "other text", isList ? .unsupported : .malformed,
        expected: "a string")
    }
    let content = rest.dropFirst().prefix { $0 >= 0x20 && $0 < 0x7f && $0 != quote && $0 != 0x5c }
    rest = rest[content.endIndex...]
    guard rest.first == quote else { throw failure("other text", expected: "a plain string") }
    rest = rest.dropFirst()
    return String(decoding: content, as: UTF8.self)
  }

  private mutating func boolean() throws(TensorFileError) -> Bool {
    if accept("True") { return true }
    if accept("False") { return false }
    throw failure("other text", expected: "True or False")
  }

  private mutating func tuple() throws(TensorFileError) -> [Int] {
    var sizes: [Int] = []
    try expect("(")
    while !accept(")") {
      skipSpaces()
      let digits = rest.prefix { $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }
      guard let size = Int(String(decoding: digits, as: UTF8.self)) else {
        throw failure("other text", expected: "a size between 0 and \(Int.max)")
      }
      rest = rest[digits.endIndex...]
      // Python 2 wrote 2L.
      _ = accept("L")
      sizes.append(size)
      guard sizes.count <= NPYHeader.maximumRank else {
        throw failure("more than \(NPYHeader.maximumRank) axes", .limitExceeded)
      }
      if !accept(",") {
        // Without the comma Python reads (3) as a number.
        guard sizes.count > 1 else { throw failure("a number", expected: "a tuple") }
        try expect(")")
        break
      }
    }
    return sizes
  }
}
