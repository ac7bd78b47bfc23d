public import JSON

/// A JSON file whose top level is an object, such as a model's `config.json`, with typed reading
/// of its fields. Errors name the file and the field.
public struct JSONDocument: Sendable {
  /// The path of the file.
  public let file: String
  /// The members of the top level.
  public let object: JSONObject

  /// Longer files are rejected: no configuration is that long.
  static let maximumLength = 100_000_000

  /// Wraps an object that did not come from a file of its own.
  public init(_ object: JSONObject, file: String) {
    self.object = object
    self.file = file
  }

  /// Reads a file.
  ///
  /// - Throws: A ``TensorFileError`` if the file cannot be read, is longer than 100 MB, is not strict
  ///   JSON or is not an object.
  public init(path: String) throws(TensorFileError) {
    let reader = try FileReader(path: path)
    guard reader.size <= Self.maximumLength else {
      throw TensorFileError(
        .limitExceeded, file: path, found: "\(reader.size) bytes",
        expected: "at most \(Self.maximumLength)")
    }
    var json = JSONReader<TensorFileError>(try reader.bytes(in: 0..<reader.size), file: path)
    let value = try JSONValue(from: &json)
    try json.end()
    guard let object = value.objectValue else {
      throw TensorFileError(.typeMismatch, file: path, found: value.kind, expected: "an object")
    }
    self.init(object, file: path)
  }

  private func field<Value>(
    _ name: String, _ expected: String, _ convert: (JSONValue) -> Value?
  ) throws(TensorFileError) -> Value? {
    guard let value = object[name], value != .null else { return nil }
    if let converted = convert(value) { return converted }
    throw TensorFileError(
      .typeMismatch, file: file, field: quoted(name), found: value.kind, expected: expected)
  }

  private func required<Value>(_ value: Value?, _ name: String, _ expected: String)
    throws(TensorFileError) -> Value
  {
    if let value { return value }
    throw TensorFileError(
      .missing, file: file, field: quoted(name), found: "no such field", expected: expected)
  }

  /// A required integer.
  public func integer(_ name: String) throws(TensorFileError) -> Int {
    try required(optionalInteger(name), name, "an integer")
  }

  /// An integer, or nil if the field is absent or null.
  public func optionalInteger(_ name: String) throws(TensorFileError) -> Int? {
    try field(name, "an integer", \.integerValue)
  }

  /// A required number.
  public func number(_ name: String) throws(TensorFileError) -> Double {
    try required(optionalNumber(name), name, "a number")
  }

  /// A number, or nil if the field is absent or null.
  public func optionalNumber(_ name: String) throws(TensorFileError) -> Double? {
    try field(name, "a number", \.numberValue)
  }

  /// A required string.
  public func string(_ name: String) throws(TensorFileError) -> String {
    try required(optionalString(name), name, "a string")
  }

  /// A string, or nil if the field is absent or null.
  public func optionalString(_ name: String) throws(TensorFileError) -> String? {
    try field(name, "a string", \.stringValue)
  }

  /// A required Boolean.
  public func boolean(_ name: String) throws(TensorFileError) -> Bool {
    try required(optionalBoolean(name), name, "a boolean")
  }

  /// A Boolean, or nil if the field is absent or null.
  public func optionalBoolean(_ name: String) throws(TensorFileError) -> Bool? {
    try field(name, "a boolean", \.booleanValue)
  }

  /// The object in a field, whose errors name this file, or nil if it is absent or null.
  public func optionalDocument(_ name: String) throws(TensorFileError) -> JSONDocument? {
    try field(name, "an object", \.objectValue).map { JSONDocument($0, file: "\(file): \(name)") }
  }
}
