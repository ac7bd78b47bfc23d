/// Writes a Protocol Buffers message field by field.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  private mutating func variable(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(value & 0x7F) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }

  mutating func append(_ field: Int, _ value: UInt64) {
    variable(UInt64(field) << 3)
    variable(value)
  }

  mutating func append(_ field: Int, single value: Float) {
    variable(UInt64(field) << 3 | 5)
    for shift in stride(from: UInt32(0), to: 32, by: 8) {
      bytes.append(UInt8(value.bitPattern >> shift & 0xFF))
    }
  }

  mutating func append(_ field: Int, _ content: [UInt8]) {
    variable(UInt64(field) << 3 | 2)
    variable(UInt64(content.count))
    bytes += content
  }

  /// A field that holds a text or a message.
  static func field(_ field: Int, _ content: [UInt8]) -> [UInt8] {
    var writer = Self()
    writer.append(field, content)
    return writer.bytes
  }
}
