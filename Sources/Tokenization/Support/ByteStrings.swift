/// A list of byte strings in one buffer.
struct ByteStrings: Equatable, Sendable {
  private(set) var bytes: [UInt8] = []
  private var ends: [Int] = []

  var count: Int { ends.count }

  /// The range of string `index` in `bytes`.
  func range(_ index: Int) -> Range<Int> {
    (index == 0 ? 0 : ends[index - 1])..<ends[index]
  }

  subscript(_ index: Int) -> ArraySlice<UInt8> { bytes[range(index)] }

  mutating func append(_ string: some Collection<UInt8>) {
    bytes.append(contentsOf: string)
    ends.append(bytes.count)
  }
}

/// An open-addressing table from byte strings to integers. It stores only the ranges of keys in the
/// caller's buffer, which the caller passes to every search.
struct ByteStringTable: Sendable {
  private struct Slot {
    var start = 0
    var length = -1
    var hash: UInt32 = 0
    var value: Int32 = 0
  }

  private var slots = [Slot](repeating: Slot(), count: 64)
  private(set) var count = 0

  static func hash(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt32 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for position in range {
      hash = (hash ^ UInt64(bytes[position])) &* 0x9E37_79B9_7F4A_7C15
      hash ^= hash >> 29
    }
    return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
  }

  /// The value of the key at `range` of `bytes`, with the table's keys in `storage`.
  func value(
    of bytes: Span<UInt8>, _ range: Range<Int>, hash: UInt32, storage: Span<UInt8>
  ) -> Int32? {
    let mask = slots.count - 1
    var index = Int(hash) & mask
    while slots[index].length >= 0 {
      let slot = slots[index]
      if slot.hash == hash && slot.length == range.count
        && (0..<slot.length).allSatisfy({
          storage[slot.start + $0] == bytes[range.lowerBound + $0]
        })
      {
        return slot.value
      }
      index = (index + 1) & mask
    }
    return nil
  }

  /// Adds the key at `range` of the caller's buffer, which must not be in the table.
  mutating func insert(_ range: Range<Int>, hash: UInt32, value: Int32) {
    if 2 * (count + 1) > slots.count {
      let old = slots
      slots = [Slot](repeating: Slot(), count: 2 * old.count)
      for slot in old where slot.length >= 0 { place(slot) }
    }
    place(Slot(start: range.lowerBound, length: range.count, hash: hash, value: value))
    count += 1
  }

  /// Adds a key, or updates the value of an existing one.
  mutating func update(
    _ range: Range<Int>, hash: UInt32, value: Int32, storage: Span<UInt8>
  ) {
    let mask = slots.count - 1
    var index = Int(hash) & mask
    while slots[index].length >= 0 {
      let slot = slots[index]
      if slot.hash == hash && slot.length == range.count
        && (0..<slot.length).allSatisfy({
          storage[slot.start + $0] == storage[range.lowerBound + $0]
        })
      {
        slots[index].value = value
        return
      }
      index = (index + 1) & mask
    }
    insert(range, hash: hash, value: value)
  }

  private mutating func place(_ slot: Slot) {
    let mask = slots.count - 1
    var index = Int(slot.hash) & mask
    while slots[index].length >= 0 { index = (index + 1) & mask }
    slots[index] = slot
  }
}
