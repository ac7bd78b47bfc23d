public import Tensors

/// Tables of numbers as text: one row a line, fields apart by commas or another character.
///
/// Fields may be in double quotes; spaces around them, empty lines and lines that begin with `#` are left
/// out. Numbers are read as `Double`, with `nan` and `inf` among them.
public struct CSVFile: Sendable {
  /// The texts of the first line, if it was read as names; else none.
  public let columnNames: [String]
  /// The numbers, `[rows, columns]`.
  public let numbers: Tensor<Double>

  /// What the first line is.
  public enum FirstLine: Hashable, Sendable {
    /// A row of numbers.
    case numbers
    /// The names of the columns.
    case names
  }

  /// Reads a file.
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - separator: What stands between two fields.
  ///   - firstLine: Whether the first line names the columns.
  ///   - missing: The number in place of an empty field; without one, such a field is an error.
  /// - Throws: A ``TensorFileError`` with the line, for a file that cannot be read, a field that is no number
  ///   and rows that differ in length.
  public init(
    path: String, separator: Character = ",", firstLine: FirstLine = .numbers,
    missing: Double? = nil
  ) throws(TensorFileError) {
    let reader = try FileReader(path: path)
    let text = String(decoding: try reader.bytes(in: 0..<reader.size), as: UTF8.self)
    var names: [String]?
    var columns: Int?
    var rows = 0
    var scalars: [Double] = []
    for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let content = trimmed(line)
      if content.isEmpty || content.first == "#" { continue }
      let parts = fields(line, separator)
      if firstLine == .names, names == nil {
        names = parts.map { String($0) }
        columns = parts.count
        continue
      }
      guard parts.count == columns ?? parts.count else {
        throw TensorFileError(
          .malformed, file: path, field: "line \(index + 1)", found: "\(parts.count) fields",
          expected: "\(columns!), as in the first line")
      }
      columns = parts.count
      for (place, part) in parts.enumerated() {
        guard let number = Double(part) ?? (part.isEmpty ? missing : nil) else {
          throw TensorFileError(
            .malformed, file: path, field: "line \(index + 1), column \(place + 1)",
            found: part.isEmpty ? "an empty field" : "\"\(part.prefix(40))\"",
            expected: "a number",
            remedy: part.isEmpty
              ? "pass `missing: .nan`"
              : index == 0 ? "pass `firstLine: .names` if it names the columns" : nil)
        }
        scalars.append(number)
      }
      rows += 1
    }
    columnNames = names ?? []
    numbers = Tensor(scalars, shape: [rows, columns ?? 0])
  }

  /// Writes a matrix, or a vector as one column, with as many digits as give the same numbers back (see
  /// ``AtomicFile``). Traps on other ranks, and unless there is a name for every column or none.
  public static func write<Scalar: RealScalar>(
    _ tensor: Tensor<Scalar>, to path: String, separator: Character = ",",
    columnNames: [String] = []
  ) throws(TensorFileError) {
    precondition(
      tensor.rank == 1 || tensor.rank == 2,
      "CSVFile.write: shape \(tensor.shape) is neither a matrix nor a vector")
    let columns = tensor.rank == 1 ? 1 : tensor.shape[1]
    precondition(
      columnNames.isEmpty || columnNames.count == columns,
      "CSVFile.write: \(columnNames.count) names for \(columns) columns")
    var text = ""
    func append(_ fields: [String]) {
      text += fields.joined(separator: String(separator))
      text += "\n"
    }
    if !columnNames.isEmpty { append(columnNames.map { quoted($0, separator) }) }
    let scalars = tensor.scalars
    for row in 0..<tensor.shape[0] {
      append(scalars[row * columns..<(row + 1) * columns].map { "\($0)" })
    }
    try AtomicFile.write(text, to: path)
  }
}

private func trimmed(_ text: Substring) -> Substring {
  let front = text.drop { $0.isWhitespace }
  guard let last = front.lastIndex(where: { !$0.isWhitespace }) else { return "" }
  return front[...last]
}

/// The fields of a line, without quotes and the spaces around them; two quotes within quotes are one.
private func fields(_ line: Substring, _ separator: Character) -> [Substring] {
  if !line.contains("\"") {
    return line.split(separator: separator, omittingEmptySubsequences: false).map(trimmed)
  }
  var result: [Substring] = []
  var field = ""
  var isQuoted = false
  for character in line {
    if character == "\"" {
      isQuoted.toggle()
      // Kept for the moment, to tell two quotes from the end of a field.
      field.append(character)
    } else if character == separator, !isQuoted {
      result.append(unquoted(field))
      field = ""
    } else {
      field.append(character)
    }
  }
  return result + [unquoted(field)]
}

private func unquoted(_ field: String) -> Substring {
  let inner = trimmed(field[...])
  guard inner.count >= 2, inner.first == "\"", inner.last == "\"" else { return inner }
  return inner.dropFirst().dropLast().split(separator: "\"\"", omittingEmptySubsequences: false)
    .joined(separator: "\"")[...]
}

private func quoted(_ name: String, _ separator: Character) -> String {
  guard name.contains(where: { $0 == separator || $0 == "\"" || $0.isNewline }) else { return name }
  return "\""
    + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
    + "\""
}
