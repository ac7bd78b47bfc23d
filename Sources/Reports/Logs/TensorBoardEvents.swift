/// Events in the form that TensorBoard reads: protocol buffers in records with checks.
///
/// The fields are those of `event.proto` and `summary.proto` of TensorFlow, the records those of its
/// `record_writer`.
package struct TensorBoardEvents {
  /// The beginning of every file.
  package static func fileVersion(time: Double) -> [UInt8] {
    record(event(time: time, step: 0) { $0.string(3, "brain.Event:2") })
  }

  /// Says that a run begins, or goes on, after a step: what other files hold beyond it is void.
  package static func start(after step: Int, time: Double) -> [UInt8] {
    record(
      event(time: time, step: step + 1) { event in event.message(7) { $0.varint(1, 1) } })
  }

  /// Numbers after a step, by their tags.
  package static func scalars(_ values: [(tag: String, value: Double)], step: Int, time: Double)
    -> [UInt8]
  {
    record(
      event(time: time, step: step) { event in
        event.message(5) { summary in
          for (tag, value) in values {
            summary.message(1) {
              $0.string(1, tag)
              $0.float(2, Float(value))
            }
          }
        }
      })
  }

  private static func event(time: Double, step: Int, _ body: (inout ProtocolBuffer) -> Void)
    -> [UInt8]
  {
    var event = ProtocolBuffer()
    event.double(1, time)
    // Zeros are not written.
    if step > 0 { event.varint(2, UInt64(step)) }
    body(&event)
    return event.bytes
  }

  /// A length and the bytes, each with its masked check behind it.
  private static func record(_ bytes: [UInt8]) -> [UInt8] {
    let length = littleEndian(UInt64(bytes.count))
    return length + check(length) + bytes + check(bytes)
  }

  private static func check(_ bytes: [UInt8]) -> [UInt8] {
    let check = CRC32C.value(of: bytes)
    return littleEndian((check >> 15 | check << 17) &+ 0xa282_ead8)
  }
}

/// A message of protocol buffers, as it is put together.
private struct ProtocolBuffer {
  private(set) var bytes: [UInt8] = []

  private mutating func append(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func key(_ field: Int, _ wireType: UInt64) {
    append(UInt64(field) << 3 | wireType)
  }

  mutating func varint(_ field: Int, _ value: UInt64) {
    key(field, 0)
    append(value)
  }

  mutating func double(_ field: Int, _ value: Double) {
    key(field, 1)
    bytes += littleEndian(value.bitPattern)
  }

  mutating func float(_ field: Int, _ value: Float) {
    key(field, 5)
    bytes += littleEndian(value.bitPattern)
  }

  mutating func string(_ field: Int, _ text: String) { data(field, Array(text.utf8)) }

  mutating func message(_ field: Int, _ body: (inout ProtocolBuffer) -> Void) {
    var message = ProtocolBuffer()
    body(&message)
    data(field, message.bytes)
  }

  private mutating func data(_ field: Int, _ content: [UInt8]) {
    key(field, 2)
    append(UInt64(content.count))
    bytes += content
  }
}

private func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
  (0..<value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}
