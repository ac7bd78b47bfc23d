public import Tensors

/// NumPy's `.npz` archives, as `numpy.savez` writes them: named, uncompressed arrays.
///
/// A ZIP archive of `.npy` files. See
/// https://numpy.org/doc/stable/reference/generated/numpy.savez.html and, for the archive,
/// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
public struct NPZFile: Sendable {
  private let reader: FileReader
  private let entries: [String: Entry]

  private struct Entry {
    /// The position of the entry's own header.
    let start: Int
    let size: Int
    let isCompressed: Bool
  }

  /// Opens an archive and reads its table of contents.
  public init(path: String) throws(TensorFileError) {
    reader = try FileReader(path: path)
    entries = try Self.entries(reader)
  }

  /// The names of the arrays, sorted.
  public var names: [String] { entries.keys.sorted() }

  /// The array with a name, whose elements are not read yet.
  public func array(named name: String) throws(TensorFileError) -> NPYFile {
    let field = "array \(quoted(name))"
    guard let entry = entries[name] else {
      throw TensorFileError(
        .missing, file: reader.path, field: field, found: "no such array",
        expected: "one of \(names.map(quoted).joined(separator: ", "))")
    }
    if entry.isCompressed {
      throw TensorFileError(
        .unsupported, file: reader.path, field: field, found: "a compressed array",
        remedy: "Write it with numpy.savez instead of savez_compressed")
    }
    let header = try reader.bytes(in: entry.start..<entry.start + 30)
    guard header.starts(with: [0x50, 0x4b, 3, 4]) else {
      throw TensorFileError(
        .malformed, file: reader.path, field: field, offset: entry.start,
        found: "other first bytes", expected: "the signature of an entry")
    }
    let start = entry.start + 30 + number(header, 26, 2) + number(header, 28, 2)
    guard entry.size <= reader.size - start else {
      throw TensorFileError(
        .truncated, file: reader.path, field: field, found: "\(reader.size - start) bytes",
        expected: "\(entry.size)")
    }
    return try NPYFile(reader, in: start..<start + entry.size)
  }

  /// Reads one array as floats.
  public func tensor(named name: String) throws(TensorFileError) -> Tensor<Float> {
    try tensor(named: name, as: Float.self)
  }

  /// Reads one array; see ``NPYFile/tensor(as:)``.
  public func tensor<Scalar: TensorFileScalar>(
    named name: String, as scalar: Scalar.Type = Scalar.self
  ) throws(TensorFileError) -> Tensor<Scalar> {
    try array(named: name).tensor(as: scalar)
  }

  /// Reads the central directory, which the end record of the archive locates.
  private static func entries(_ reader: FileReader) throws(TensorFileError) -> [String: Entry] {
    func failure(_ code: TensorFileError.Code, _ found: String, _ expected: String? = nil)
      -> TensorFileError
    {
      TensorFileError(code, file: reader.path, found: found, expected: expected)
    }
    // A comment of up to 2^16 bytes may follow the last record.
    let tail = try reader.bytes(in: max(0, reader.size - (1 << 16) - 22)..<reader.size)
    let last = tail.indices.dropLast(21).last {
      tail[$0...].starts(with: [0x50, 0x4b, 5, 6])
    }
    guard let last else { throw failure(.malformed, "no end record", "an .npz archive") }
    let (count, length) = (number(tail, last + 10, 2), number(tail, last + 12, 4))
    let start = number(tail, last + 16, 4)
    guard count < 0xffff, start < 0xffff_ffff else {
      throw failure(.unsupported, "an archive of 4 GiB or more", "a smaller one")
    }
    guard start + length <= reader.size else {
      throw failure(.truncated, "\(reader.size) bytes", "\(start + length)")
    }
    let table = try reader.bytes(in: start..<start + length)
    var entries: [String: Entry] = [:]
    var position = 0
    for _ in 0..<count {
      guard position + 46 <= table.count,
        table[position...].starts(with: [0x50, 0x4b, 1, 2])
      else { throw failure(.malformed, "a broken table of contents") }
      let nameLength = number(table, position + 28, 2)
      let end = position + 46 + nameLength
      guard end <= table.count else { throw failure(.malformed, "a broken table of contents") }
      var name = String(decoding: table[position + 46..<end], as: UTF8.self)
      if name.hasSuffix(".npy") { name.removeLast(4) }
      let entry = Entry(
        start: number(table, position + 42, 4), size: number(table, position + 24, 4),
        isCompressed: number(table, position + 10, 2) != 0)
      guard entries.updateValue(entry, forKey: name) == nil else {
        throw failure(.duplicate, "\(quoted(name)) twice")
      }
      position = end + number(table, position + 30, 2) + number(table, position + 32, 2)
    }
    return entries
  }
}

/// The little-endian number of `count` bytes at `start`.
private func number(_ bytes: [UInt8], _ start: Int, _ count: Int) -> Int {
  bytes[start..<start + count].reversed().reduce(0) { $0 << 8 | Int($1) }
}
