/// Reads the numbers and texts of a GGUF file in order, and never past its end.
struct GGUFCursor {
  private let reader: FileReader
  /// The bytes of the file from `bufferStart`.
  private var buffer: [UInt8] = []
  private var bufferStart = 0
  /// The position of the next read.
  private(set) var position = 0

  private static let bufferLength = 1 << 16

  init(_ reader: FileReader) { self.reader = reader }

  /// The path of the file.
  var file: String { reader.path }
  /// The number of unread bytes.
  var remaining: Int { reader.size - position }

  /// Reads a little-endian number.
  mutating func number<Value: FixedWidthInteger>(
    _ field: @autoclosure () -> String, as type: Value.Type = Value.self
  ) throws(TensorFileError) -> Value {
    let size = MemoryLayout<Value>.size
    try require(size, field())
    if position + size > bufferStart + buffer.count {
      bufferStart = position
      buffer = try reader.bytes(
        in: position..<position + min(Self.bufferLength, remaining))
    }
    let start = position - bufferStart
    position += size
    return buffer.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start, as: Value.self) }
  }

  /// Reads `count` numbers.
  mutating func numbers<Value: FixedWidthInteger>(
    _ count: Int, _ field: String
  ) throws(TensorFileError) -> [Value] {
    try require(elements: count, ofAtLeast: MemoryLayout<Value>.size, field)
    var values: [Value] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try number(field)) }
    return values
  }

  /// Reads a length and a text of at most `limit` bytes.
  mutating func string(
    _ field: @autoclosure () -> String, atMost limit: Int = .max
  ) throws(TensorFileError) -> String {
    let start = position
    let bytes = try text(field(), atMost: limit)
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    position = start
    throw failure(.malformed, field(), "bytes that are not UTF-8")
  }

  /// The bytes of a text, which need not be valid UTF-8.
  mutating func text(
    _ field: @autoclosure () -> String, atMost limit: Int = .max
  ) throws(TensorFileError) -> [UInt8] {
    let length: UInt64 = try number("the length of \(field())")
    guard length <= limit else {
      throw failure(
        .limitExceeded, field(), "a text of \(length) bytes", expected: "at most \(limit)")
    }
    guard length <= remaining else {
      throw failure(
        .truncated, field(), "a text of \(length) bytes",
        expected: "at most the \(remaining) that follow")
    }
    let end = position + Int(length)
    try requireShortHeader(end, field())
    let bytes: [UInt8]
    if position >= bufferStart, end <= bufferStart + buffer.count {
      bytes = Array(buffer[position - bufferStart..<end - bufferStart])
    } else {
      bytes = try reader.bytes(in: position..<end)
    }
    position = end
    return bytes
  }

  /// Throws for more elements than the file has bytes for, before anything is allocated for them.
  func require(elements count: Int, ofAtLeast size: Int, _ field: String) throws(TensorFileError) {
    guard count <= remaining / size else {
      throw failure(
        .truncated, field, "\(count) elements",
        expected: "at most the \(remaining / size) that the file has room for")
    }
    try requireShortHeader(position + count * size, field)
  }

  private func requireShortHeader(
    _ end: Int, _ field: @autoclosure () -> String
  ) throws(TensorFileError) {
    guard end <= GGUFHeader.maximumLength else {
      throw failure(
        .limitExceeded, field(), "more than \(GGUFHeader.maximumLength) bytes of header",
        expected: "at most that")
    }
  }

  private func require(_ count: Int, _ field: @autoclosure () -> String) throws(TensorFileError) {
    guard count <= remaining else {
      throw failure(
        .truncated, field(), "the end of the file", expected: "\(count) bytes",
        remedy: "The file is cut short; fetch it again")
    }
    try requireShortHeader(position + count, field())
  }

  /// The error for a fault at the present position.
  func failure(
    _ code: TensorFileError.Code, _ field: String, _ found: String, expected: String? = nil,
    remedy: String? = nil
  ) -> TensorFileError {
    TensorFileError(
      code, file: file, field: field, offset: position, found: found, expected: expected,
      remedy: remedy)
  }
}
