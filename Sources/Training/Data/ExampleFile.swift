internal import JSON

/// Reads the examples of a file: an object a line (JSON Lines), or one array of objects.
struct ExampleFile {
  /// What it reads, for messages.
  let name: String
  private var fields: ExampleFields?
  private let body: (TrainingExample) throws -> Void

  /// A reader that hands each example to `body`; an `ExampleFault` that it throws gets the example's
  /// place.
  init(name: String, body: @escaping (TrainingExample) throws -> Void) {
    self.name = name
    self.body = body
  }

  /// Reads a file, a piece of it at a time where it has lines.
  ///
  /// Throws an `InputError` that names the line for the first that is no example, and for a file
  /// without any.
  mutating func read(_ path: String) throws {
    let input = try ByteInput(path: path)
    var rest: [UInt8] = []
    var line = 0
    var count = 0
    var isFirst = true
    while let piece = try input.next() {
      rest += isFirst ? try Self.checkedStart(of: piece, name: name) : piece
      if isFirst, rest.first(where: { !SourceText.isSpace($0) }) == UInt8(ascii: "[") {
        while let piece = try input.next() { rest += piece }
        return try readArray(rest)
      }
      isFirst = false
      var start = rest.startIndex
      while let end = rest[start...].firstIndex(of: 0x0A) {
        line += 1
        count += try readLine(rest[start..<end], line) ? 1 : 0
        start = end + 1
      }
      rest.removeSubrange(..<start)
    }
    count += try readLine(rest[...], line + 1) ? 1 : 0
    guard count > 0 else {
      throw InputError("\(name) holds no example. Give one JSON object a line.")
    }
  }

  /// The first piece without a byte order mark. Throws where the file is no text.
  private static func checkedStart(of piece: [UInt8], name: String) throws(InputError) -> [UInt8] {
    try SourceText.checkIsText(piece, name: name)
    return piece.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(piece.dropFirst(3)) : piece
  }

  private mutating func readLine(_ line: ArraySlice<UInt8>, _ number: Int) throws -> Bool {
    guard !line.allSatisfy(SourceText.isSpace) else { return false }
    let value: JSONValue
    do {
      value = try JSONValue(parsing: Array(line))
    } catch {
      throw InputError(
        "Line \(number) of \(name) is not valid JSON: \(error.found) at byte \(error.offset + 1). Give "
          + "one object a line.")
    }
    try take(value, "Line \(number)")
    return true
  }

  private mutating func readArray(_ bytes: [UInt8]) throws {
    let value: JSONValue
    do {
      value = try JSONValue(parsing: bytes)
    } catch {
      throw InputError(
        "\(name) begins as an array but is not valid JSON: \(error.found) at byte \(error.offset + 1)."
      )
    }
    guard let elements = value.arrayValue, !elements.isEmpty else {
      throw InputError("\(name) holds no example. Give an array of objects, or one a line.")
    }
    for (index, element) in elements.enumerated() { try take(element, "Example \(index + 1)") }
  }

  private mutating func take(_ value: JSONValue, _ place: String) throws {
    do {
      guard let object = value.objectValue else {
        throw ExampleFault("is \(value.kind), not an object.")
      }
      guard let fields = fields ?? ExampleFields(of: object) else {
        let found = object.map { "\"\($0.key)\"" }.prefix(8).joined(separator: ", ")
        throw ExampleFault(
          "has \(found.isEmpty ? "no fields" : "the fields \(found)"), by which no example is told. "
            + "Give \(ExampleFields.known).")
      }
      self.fields = fields
      try body(fields.example(object))
    } catch let fault as ExampleFault {
      throw InputError("\(place) of \(name) \(fault.text)")
    }
  }
}
