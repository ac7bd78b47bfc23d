/// Rows of fields in a text: separated by commas with quotes as in RFC 4180, or by tabs.
///
/// With commas, a field that begins with a quote goes on to the next lone one, line ends and commas
/// included, and two quotes stand for one. With tabs quotes are mostly text: they go only where they
/// enclose a whole field of a file with a header, and enclose line ends only where the line alone has
/// not the header's number of fields.
struct DelimitedText {
  /// One row.
  struct Row {
    /// Its fields.
    var fields: [[UInt8]]
    /// The line that it begins in, from 1.
    var line: Int
  }

  private static let quote = UInt8(ascii: "\"")
  private let bytes: [UInt8]
  private let separator: UInt8
  private let name: String
  private var place = 0
  private var line = 1
  /// The fields of the header, where there is one.
  var columnCount: Int?

  /// A reader from the beginning of a text whose lines end in line feeds.
  init(_ bytes: [UInt8], separator: UInt8, name: String) {
    self.bytes = bytes
    self.separator = separator
    self.name = name
  }

  private var hasTabs: Bool { separator == 0x09 }

  /// The next row that is not empty; nil at the end.
  mutating func next() throws(InputError) -> Row? {
    while place < bytes.count {
      let end = bytes[place...].firstIndex(of: 0x0A) ?? bytes.count
      if bytes[place..<end].allSatisfy(SourceText.isSpace) {
        (place, line) = (end + 1, line + 1)
        continue
      }
      if hasTabs, let row = literalRow(upTo: end) { return row }
      return try quotedRow()
    }
    return nil
  }

  /// The row of a line with tabs; nil where its quotes enclose line ends.
  private mutating func literalRow(upTo end: Int) -> Row? {
    var fields = bytes[place..<end].split(separator: separator, omittingEmptySubsequences: false)
      .map { Array($0) }
    if let columnCount {
      let isOpen = fields.count < columnCount && (fields.last?.first == Self.quote)
      if isOpen, fields.last.flatMap(Self.unquoted) == nil { return nil }
      fields = fields.map { Self.unquoted($0) ?? $0 }
    }
    defer { (place, line) = (end + 1, line + 1) }
    return Row(fields: fields, line: line)
  }

  /// What a field in quotes says; nil where it is not wholly in quotes.
  private static func unquoted(_ field: [UInt8]) -> [UInt8]? {
    guard field.count >= 2, field.first == quote, field.last == quote else { return nil }
    var text: [UInt8] = []
    var index = 1
    while index < field.count - 1 {
      if field[index] == quote {
        guard index + 1 < field.count - 1, field[index + 1] == quote else { return nil }
        index += 1
      }
      text.append(field[index])
      index += 1
    }
    return text
  }

  private mutating func quotedRow() throws(InputError) -> Row {
    var row = Row(fields: [], line: line)
    while true {
      row.fields.append(
        place < bytes.count && bytes[place] == Self.quote ? try quotedField() : plainField())
      guard place < bytes.count else { return row }
      let isEnd = bytes[place] == 0x0A
      place += 1
      if isEnd {
        line += 1
        return row
      }
    }
  }

  private mutating func plainField() -> [UInt8] {
    let separator = separator
    let end = bytes[place...].firstIndex { $0 == separator || $0 == 0x0A } ?? bytes.count
    defer { place = end }
    return Array(bytes[place..<end])
  }

  private mutating func quotedField() throws(InputError) -> [UInt8] {
    let start = line
    var field: [UInt8] = []
    place += 1
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if byte == Self.quote {
        guard place < bytes.count, bytes[place] == Self.quote else {
          guard place == bytes.count || bytes[place] == separator || bytes[place] == 0x0A else {
            throw InputError(
              "Line \(line) of \(name): text follows the quote that ends a field. Write a quote within "
                + "a field twice.")
          }
          return field
        }
        place += 1
      }
      if byte == 0x0A { line += 1 }
      field.append(byte)
    }
    throw InputError(
      "Line \(start) of \(name): the quote that begins a field there is never closed. Write a quote "
        + "within a field twice, and the field in quotes.")
  }
}
