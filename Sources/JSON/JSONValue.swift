/// A JSON value whose objects keep the order of their keys and whose integers stay exact.
///
/// Two objects are equal if they have equal members in the same order.
public enum JSONValue: Sendable, Hashable {
  case null
  case boolean(Bool)
  /// A number that is written without fraction or exponent and fits in `Int`.
  case integer(Int)
  /// Any other number; always finite after reading.
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)

  /// Reads a JSON text (RFC 8259), strictly: one value, valid UTF-8, no duplicate keys, no byte
  /// order mark, at most 128 levels deep.
  ///
  /// - Parameters:
  ///   - bytes: The text in UTF-8.
  ///   - file: The name of the text in errors.
  /// - Throws: A ``JSONError`` with the offset in bytes of the first fault.
  public init(parsing bytes: [UInt8], file: String = "JSON text") throws(JSONError) {
    var reader = JSONReader<JSONError>(bytes, file: file)
    self = try Self(from: &reader)
    try reader.end()
  }

  /// Reads a JSON text; see ``init(parsing:file:)-([UInt8],_)``.
  public init(parsing text: String, file: String = "JSON text") throws(JSONError) {
    try self.init(parsing: Array(text.utf8), file: file)
  }

  /// Reads the next value.
  package init<Failure>(from reader: inout JSONReader<Failure>) throws(Failure) {
    switch try reader.nextKind() {
    case .null:
      try reader.null()
      self = .null
    case .boolean: self = .boolean(try reader.boolean())
    case .string: self = .string(try reader.string())
    case .number:
      switch try reader.number() {
      case .integer(let value): self = .integer(value)
      case .floating(let value): self = .number(value)
      }
    case .array:
      var elements: [JSONValue] = []
      try reader.array { (reader, _) throws(Failure) in
        elements.append(try JSONValue(from: &reader))
      }
      self = .array(elements)
    case .object:
      var object = JSONObject()
      try reader.object { (reader, key) throws(Failure) in
        object[key] = try JSONValue(from: &reader)
      }
      self = .object(object)
    }
  }

  /// The value of a key, or nil if this is not an object or lacks the key.
  public subscript(key: String) -> JSONValue? { objectValue?[key] }

  /// The Boolean, or nil for any other kind.
  public var booleanValue: Bool? { if case .boolean(let value) = self { value } else { nil } }
  /// The integer, or nil for any other kind.
  public var integerValue: Int? { if case .integer(let value) = self { value } else { nil } }
  /// The number, an integer included, or nil for any other kind.
  public var numberValue: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }
  /// The string, or nil for any other kind.
  public var stringValue: String? { if case .string(let value) = self { value } else { nil } }
  /// The elements, or nil for any other kind.
  public var arrayValue: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
  /// The object, or nil for any other kind.
  public var objectValue: JSONObject? { if case .object(let value) = self { value } else { nil } }

  /// The kind in words, as error messages show it.
  package var kind: String {
    switch self {
    case .null: JSONKind.null.rawValue
    case .boolean: JSONKind.boolean.rawValue
    case .integer: "an integer"
    case .number: JSONKind.number.rawValue
    case .string: JSONKind.string.rawValue
    case .array: JSONKind.array.rawValue
    case .object: JSONKind.object.rawValue
    }
  }
}

/// The members of a JSON object, in their order. Keys are compared by their bytes.
public struct JSONObject: Sendable, Hashable {
  /// The keys in order.
  public private(set) var keys: [String] = []
  private var values: [ByteKey: JSONValue] = [:]

  /// Creates an object without members.
  public init() {}

  /// The value of a key. Setting one that is absent appends it; setting nil removes it.
  public subscript(key: String) -> JSONValue? {
    get { values[ByteKey(key)] }
    set {
      let place = ByteKey(key)
      let old = values.updateValue(newValue ?? .null, forKey: place)
      if newValue == nil {
        values[place] = nil
        if old != nil { keys.removeAll { ByteKey($0) == place } }
      } else if old == nil {
        keys.append(key)
      }
    }
  }
}

extension JSONObject: RandomAccessCollection {
  /// The position of the first member.
  public var startIndex: Int { 0 }
  /// The position after the last member.
  public var endIndex: Int { keys.count }
  /// The key and the value at a position.
  public subscript(position: Int) -> (key: String, value: JSONValue) {
    (keys[position], values[ByteKey(keys[position])]!)
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  /// Creates an object from a literal; a repeated key traps.
  public init(dictionaryLiteral members: (String, JSONValue)...) {
    for (key, value) in members {
      precondition(self[key] == nil, "JSONObject: the literal repeats the key '\(key)'")
      self[key] = value
    }
  }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  /// Creates the null value.
  public init(nilLiteral: ()) { self = .null }
  /// Creates a Boolean.
  public init(booleanLiteral value: Bool) { self = .boolean(value) }
  /// Creates an integer.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// Creates a number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// Creates a string.
  public init(stringLiteral value: String) { self = .string(value) }
  /// Creates an array.
  public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  /// Creates an object; a repeated key traps.
  public init(dictionaryLiteral members: (String, JSONValue)...) {
    var object = JSONObject()
    for (key, value) in members {
      precondition(object[key] == nil, "JSONValue: the literal repeats the key '\(key)'")
      object[key] = value
    }
    self = .object(object)
  }
}
