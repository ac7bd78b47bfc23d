/// Reads a GGUF file from its start, number by number and text by text, and never past its end.
struct GGUFCursor {
  private let reader: FileReader
  /// The bytes from `bufferStart` on.
  private var buffer: [UInt8] = []
  private var bufferStart = 0
  /// Where the next number is read.
  private(set) var position = 0

  private static let bufferLength = 1 << 16

  init(_ reader: FileReader) { self.reader = reader }

  /// The path of the file.
  var file: String { reader.path }
  /// The bytes that have not been read.
  var remaining: Int { reader.size - position }

  /// A number in little-endian order.
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

  /// So many numbers.
  mutating func numbers<Value: FixedWidthInteger>(
    _ count: Int, _ field: String
  ) throws(TensorFileError) -> [Value] {
    try require(elements: count, ofAtLeast: MemoryLayout<Value>.size, field)
    var values: [Value] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try number(field)) }
    return values
  }

  /// A text of at most so many bytes, with its length before it.
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

  /// Refuses a count of elements for which the file has no bytes, before anything is made of them.
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

  /// An error at the present position.
  func failure(
    _ code: TensorFileError.Code, _ field: String, _ found: String, expected: String? = nil,
    remedy: String? = nil
  ) -> TensorFileError {
    TensorFileError(
      code, file: file, field: field, offset: position, found: found, expected: expected,
      remedy: remedy)
  }
}
