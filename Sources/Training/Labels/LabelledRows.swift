internal import JSON
internal import TensorFiles

/// The texts and labels of a file, as they are written there.
struct LabelledRows {
  /// One example.
  struct Row {
    var text: [UInt8]
    var pair: [UInt8]?
    var label: [UInt8]
    var line: Int

    /// All of it as a line: the label, and each text behind a tab.
    var bytes: [UInt8] {
      var bytes = label
      for text in [text, pair].compactMap({ $0 }) {
        bytes.append(0x09)
        bytes += text
      }
      bytes.append(0x0A)
      return bytes
    }
  }

  /// The examples.
  private(set) var rows: [Row] = []
  /// Whether the columns have names.
  private(set) var hasHeader = false
  /// What a person should know.
  private(set) var notices: [String] = []
  private let name: String

  /// Reads a text whose lines end in line feeds.
  init(_ text: [UInt8], name: String, columns: LabelColumns) throws(InputError) {
    self.name = name
    let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
    let start = text.first { !SourceText.isSpace($0) }
    let isJSON = ["jsonl", "ndjson", "json"].contains(ending)
    if isJSON || (start == UInt8(ascii: "{") && !["csv", "tsv"].contains(ending)) {
      try readObjects(text, columns)
    } else {
      try readTable(text, ending, columns)
    }
  }

  // MARK: Columns

  private mutating func readTable(_ text: [UInt8], _ ending: String, _ columns: LabelColumns)
    throws(InputError)
  {
    let separator = Self.separator(text, ending)
    var table = DelimitedText(text, separator: separator, name: name)
    guard let first = try table.next() else { return }
    let names = first.fields.map {
      var name = String(decoding: $0, as: UTF8.self)
      while name.first?.isWhitespace == true { name.removeFirst() }
      while name.last?.isWhitespace == true { name.removeLast() }
      return name
    }
    let numbers = try columns.numbers()
    let header = try columns.places(in: names, of: name, unless: numbers != nil)
    if let places = header ?? numbers {
      hasHeader = header != nil
      if columns.isEmpty {
        let used = [places.text, places.pair, places.label].compactMap { $0 }.map { names[$0] }
        notices.append(
          "The first line of \(name) names its columns; read are \(used.joined(separator: ", ")).")
      }
      table.columnCount = first.fields.count
      if !hasHeader { try append(first, at: places) }
      while let row = try table.next() { try append(row, at: places) }
      return
    }
    try appendLabelFirst(first, separator)
    while let row = try table.next() { try appendLabelFirst(row, separator) }
  }

  /// What stands between columns: what the ending says, or the first line.
  private static func separator(_ text: [UInt8], _ ending: String) -> UInt8 {
    let line = text.prefix { $0 != 0x0A }
    guard ending == "csv" else { return 0x09 }
    return [UInt8(ascii: ","), UInt8(ascii: ";"), 0x09].first { line.contains($0) } ?? 0x2C
  }

  private mutating func append(_ row: DelimitedText.Row, at places: LabelColumns.Places)
    throws(InputError)
  {
    func field(_ place: Int) throws(InputError) -> [UInt8] {
      guard place < row.fields.count else {
        throw InputError(
          "Line \(row.line) of \(name) has \(row.fields.count) columns, and column \(place + 1) is read. "
            + "Give all lines the same columns.")
      }
      guard !row.fields[place].allSatisfy(SourceText.isSpace) else {
        throw InputError(
          "Line \(row.line) of \(name) has nothing in column \(place + 1). Fill it or take the line out."
        )
      }
      return row.fields[place]
    }
    rows.append(
      Row(
        text: try field(places.text),
        pair: try places.pair.map { place throws(InputError) in try field(place) },
        label: try field(places.label), line: row.line))
  }

  /// A row without a header: the label, and the rest of the line.
  private mutating func appendLabelFirst(_ row: DelimitedText.Row, _ separator: UInt8)
    throws(InputError)
  {
    let label = row.fields[0]
    let text = Array(row.fields.dropFirst().joined(separator: [separator]))
    guard row.fields.count > 1, !label.allSatisfy(SourceText.isSpace),
      !text.allSatisfy(SourceText.isSpace)
    else {
      throw InputError(
        separator == 0x09
          ? "Line \(row.line) of \(name) is not a label, a tab and a text. Write each line so."
          : "Line \(row.line) of \(name) is not a label and a text. Name the columns in the first line, or "
            + "by number: --columns text=2,label=1.")
    }
    guard separator == 0x09 || row.fields.count == 2 else {
      throw InputError(
        "Line \(row.line) of \(name) has \(row.fields.count) columns, and no header says which is which. "
          + "Say so by number: --columns text=2,label=1.")
    }
    rows.append(Row(text: text, pair: nil, label: label, line: row.line))
  }

  // MARK: JSON lines

  private mutating func readObjects(_ text: [UInt8], _ columns: LabelColumns) throws(InputError) {
    var places: [String]?
    let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.allSatisfy(SourceText.isSpace) {
      let number = index + 1
      guard case .object(let object)? = try? JSONValue(parsing: Array(line)) else {
        throw InputError(
          "Line \(number) of \(name) is not an object in JSON. Write each example as one line, such as "
            + "{\"text\": \"...\", \"label\": \"...\"}.")
      }
      if places == nil {
        let names = Array(object.keys)
        guard let found = try columns.places(in: names, of: name, unless: false) else {
          throw InputError(
            "\(name): which members are text and label is not known of \(names.joined(separator: ", ")). "
              + "Say so: --columns text=NAME,label=NAME.")
        }
        places = [names[found.text], names[found.label]] + (found.pair.map { [names[$0]] } ?? [])
        hasHeader = true
      }
      guard let places else { continue }
      let values = try places.map { key throws(InputError) in
        try Self.bytes(object[key], key, line: number, of: name)
      }
      rows.append(
        Row(
          text: values[0], pair: values.count > 2 ? values[2] : nil, label: values[1],
          line: number))
    }
  }

  private static func bytes(_ value: JSONValue?, _ key: String, line: Int, of name: String)
    throws(InputError) -> [UInt8]
  {
    let text: String? =
      switch value {
      case .string(let text)?: text
      case .integer(let number)?: "\(number)"
      case .number(let number)?: "\(number)"
      case .boolean(let flag)?: "\(flag)"
      default: nil
      }
    guard let text, !text.utf8.allSatisfy(SourceText.isSpace) else {
      throw InputError("Line \(line) of \(name) has no text or number as '\(key)'. Give it one.")
    }
    return Array(text.utf8)
  }
}

extension LabelColumns {
  /// `places(in:of:)`, or nil where the columns are numbers.
  fileprivate func places(in names: [String], of file: String, unless areNumbers: Bool)
    throws(InputError) -> Places?
  { areNumbers ? nil : try places(in: names, of: file) }
}
