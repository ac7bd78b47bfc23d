internal import JSON

/// A value of a file with its path in the file, for errors.
struct FileField {
  let value: JSONValue
  let path: String
  let file: String

  init(_ value: JSONValue, path: String, file: String) {
    self.value = value
    self.path = path
    self.file = file
  }

  func error(_ code: TokenizerError.Code, _ message: String, field: String? = nil)
    -> TokenizerError
  {
    let place = field.map { "\(path).\($0)" } ?? path
    return TokenizerError(code, "\(file): \(place.isEmpty ? "" : place + ": ")\(message)")
  }

  private func mismatch(_ expected: String) -> TokenizerError {
    error(.wrongType, "expected \(expected), found \(value.kind)")
  }

  /// A member, or nil if it is absent or null.
  func member(_ name: String) throws(TokenizerError) -> FileField? {
    guard case .object(let object) = value else { throw mismatch("an object") }
    guard let value = object[name], value != .null else { return nil }
    return FileField(value, path: path.isEmpty ? name : "\(path).\(name)", file: file)
  }

  /// A required member.
  func required(_ name: String) throws(TokenizerError) -> FileField {
    guard let member = try member(name) else {
      throw error(.missingField, "missing", field: name)
    }
    return member
  }

  func string() throws(TokenizerError) -> String {
    guard case .string(let text) = value else { throw mismatch("a string") }
    return text
  }

  func bytes() throws(TokenizerError) -> [UInt8] { Array(try string().utf8) }

  func boolean() throws(TokenizerError) -> Bool {
    guard case .boolean(let flag) = value else { throw mismatch("a boolean") }
    return flag
  }

  /// A Boolean member.
  func boolean(_ name: String, default value: Bool) throws(TokenizerError) -> Bool {
    try member(name)?.boolean() ?? value
  }

  func integer(in range: ClosedRange<Int>) throws(TokenizerError) -> Int {
    guard value.numberValue != nil else { throw mismatch("a number") }
    guard case .integer(let number) = value, range.contains(number) else {
      throw error(
        .invalidValue,
        "expected an integer between \(range.lowerBound) and \(range.upperBound), found "
          + "\(value.text())")
    }
    return number
  }

  /// The id of a token.
  func id() throws(TokenizerError) -> Int32 {
    Int32(try integer(in: 0...BytePairTokenizer.maximumVocabularySize - 1))
  }

  func array(atMost limit: Int = 1 << 12) throws(TokenizerError) -> [FileField] {
    guard case .array(let values) = value else { throw mismatch("an array") }
    guard values.count <= limit else {
      throw error(.invalidValue, "expected at most \(limit) elements, found \(values.count)")
    }
    return values.enumerated().map { index, value in
      FileField(value, path: "\(path).[\(index)]", file: file)
    }
  }

  /// The members of an object in the order of the file.
  func members() throws(TokenizerError) -> [(name: String, field: FileField)] {
    guard case .object(let object) = value else { throw mismatch("an object") }
    return object.map { ($0.key, FileField($0.value, path: "\(path).\($0.key)", file: file)) }
  }

  /// The type of the component.
  func type() throws(TokenizerError) -> String { try required("type").string() }

  func unsupported(_ expected: String) throws(TokenizerError) -> TokenizerError {
    error(
      .unsupported,
      "the type \(quoted(try type().utf8)) is not supported; expected one of \(expected)")
  }

  /// A string that is the raw value of a case.
  func choice<Choice: RawRepresentable<String>>(
    _: Choice.Type, of names: [String]
  ) throws(TokenizerError) -> Choice {
    let name = try string()
    guard let choice = Choice(rawValue: name) else {
      throw error(
        .invalidValue,
        "expected one of \(names.joined(separator: ", ")), found \(quoted(name.utf8))")
    }
    return choice
  }
}
