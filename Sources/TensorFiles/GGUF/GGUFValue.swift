internal import JSON
/// A metadata value of a GGUF file: a number, a Boolean, a text, or an array of one of these.
public struct GGUFValue: Hashable, Sendable {
  /// Elements of one kind.
  public enum Elements: Hashable, Sendable {
    /// Bytes.
    case uint8([UInt8])
    /// Signed bytes.
    case int8([Int8])
    /// 16 bits.
    case uint16([UInt16])
    /// Signed 16 bits.
    case int16([Int16])
    /// 32 bits.
    case uint32([UInt32])
    /// Signed 32 bits.
    case int32([Int32])
    /// Single precision.
    case float32([Float])
    /// Booleans.
    case bool([Bool])
    /// Texts.
    case string([String])
    /// Texts of which some are no UTF-8, as their bytes.
    case data([[UInt8]])
    /// 64 bits.
    case uint64([UInt64])
    /// Signed 64 bits.
    case int64([Int64])
    /// Double precision.
    case float64([Double])

    /// Texts by their bytes: strings where all are UTF-8.
    public static func texts(_ bytes: [[UInt8]]) -> Self {
      var strings: [String] = []
      strings.reserveCapacity(bytes.count)
      for text in bytes {
        guard let string = String(validating: text, as: UTF8.self) else { return .data(bytes) }
        strings.append(string)
      }
      return .string(strings)
    }
  }

  /// The elements of the array, or the single value.
  public let elements: Elements
  /// Whether the value is an array, even if of one element.
  public let isArray: Bool

  init(_ elements: Elements, isArray: Bool) {
    self.elements = elements
    self.isArray = isArray
  }

  /// An array.
  public static func array(_ elements: Elements) -> Self { Self(elements, isArray: true) }
  /// A byte.
  public static func uint8(_ value: UInt8) -> Self { Self(.uint8([value]), isArray: false) }
  /// A signed byte.
  public static func int8(_ value: Int8) -> Self { Self(.int8([value]), isArray: false) }
  /// A number of 16 bits.
  public static func uint16(_ value: UInt16) -> Self { Self(.uint16([value]), isArray: false) }
  /// A signed number of 16 bits.
  public static func int16(_ value: Int16) -> Self { Self(.int16([value]), isArray: false) }
  /// A number of 32 bits.
  public static func uint32(_ value: UInt32) -> Self { Self(.uint32([value]), isArray: false) }
  /// A signed number of 32 bits.
  public static func int32(_ value: Int32) -> Self { Self(.int32([value]), isArray: false) }
  /// A number in single precision.
  public static func float32(_ value: Float) -> Self { Self(.float32([value]), isArray: false) }
  /// A Boolean.
  public static func bool(_ value: Bool) -> Self { Self(.bool([value]), isArray: false) }
  /// A text.
  public static func string(_ value: String) -> Self { Self(.string([value]), isArray: false) }
  /// A number of 64 bits.
  public static func uint64(_ value: UInt64) -> Self { Self(.uint64([value]), isArray: false) }
  /// A signed number of 64 bits.
  public static func int64(_ value: Int64) -> Self { Self(.int64([value]), isArray: false) }
  /// A number in double precision.
  public static func float64(_ value: Double) -> Self { Self(.float64([value]), isArray: false) }

  /// The elements of an array of integers of any width; nil for anything else, or if one does not fit.
  public var integers: [Int]? { isArray ? elements.integers : nil }
  /// The elements of an array of numbers of any kind; nil for anything else.
  public var numbers: [Double]? { isArray ? elements.numbers : nil }
  /// The elements of an array of texts; nil for anything else.
  public var strings: [String]? {
    if isArray, case .string(let values) = elements { values } else { nil }
  }
  /// The bytes of the elements of an array of texts, which need not be UTF-8; nil for anything else.
  public var byteStrings: [[UInt8]]? {
    switch elements {
    case .string(let values) where isArray: values.map { Array($0.utf8) }
    case .data(let values) where isArray: values
    default: nil
    }
  }
  /// An integer of any width; nil for anything else, and where it does not fit.
  public var integerValue: Int? { isArray ? nil : elements.integers?.first }
  /// A number of any kind; nil for anything else.
  public var numberValue: Double? { isArray ? nil : elements.numbers?.first }
  /// A text; nil for anything else.
  public var stringValue: String? {
    if !isArray, case .string(let values) = elements { values.first } else { nil }
  }
  /// A Boolean; nil for anything else.
  public var boolValue: Bool? {
    if !isArray, case .bool(let values) = elements { values.first } else { nil }
  }
}

extension GGUFValue.Elements {
  fileprivate var integers: [Int]? {
    switch self {
    case .uint8(let values): values.map { Int($0) }
    case .int8(let values): values.map { Int($0) }
    case .uint16(let values): values.map { Int($0) }
    case .int16(let values): values.map { Int($0) }
    case .uint32(let values): values.map { Int($0) }
    case .int32(let values): values.map { Int($0) }
    case .int64(let values): values.map { Int($0) }
    case .uint64(let values): values.allSatisfy { $0 <= Int.max } ? values.map { Int($0) } : nil
    case .float32, .float64, .bool, .string, .data: nil
    }
  }

  fileprivate var numbers: [Double]? {
    switch self {
    case .float32(let values): values.map { Double($0) }
    case .float64(let values): values
    case .uint64(let values): values.map { Double($0) }
    default: integers?.map { Double($0) }
    }
  }
}

/// The metadata of a GGUF file: values under their keys, in the order of the file.
public struct GGUFMetadata: Hashable, Sendable, ExpressibleByDictionaryLiteral {
  /// The keys in order.
  public private(set) var keys: [String] = []
  private var values: [ByteKey: GGUFValue] = [:]

  /// Empty metadata.
  public init() {}

  /// Metadata with the given values, in this order. Traps if a key appears twice.
  public init(dictionaryLiteral elements: (String, GGUFValue)...) {
    for (key, value) in elements {
      precondition(self[key] == nil, "GGUFMetadata: '\(key)' appears twice")
      self[key] = value
    }
  }

  /// The value of a key. Setting appends a key that is absent, and nil removes one.
  public subscript(key: String) -> GGUFValue? {
    get { values[ByteKey(key)] }
    set {
      let place = ByteKey(key)
      if values[place] == nil, newValue != nil { keys.append(key) }
      if newValue == nil, values[place] != nil { keys.removeAll { ByteKey($0) == place } }
      values[place] = newValue
    }
  }
}
