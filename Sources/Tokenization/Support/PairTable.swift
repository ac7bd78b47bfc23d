/// An open-addressing table from pairs of token ids to non-negative integers.
struct PairTable: Sendable {
  private struct Slot {
    var left: Int32 = -1
    var right: Int32 = -1
    var value: Int32 = -1
  }

  private var slots = [Slot](repeating: Slot(), count: 64)
  private var count = 0

  @inline(__always)
  private func index(of left: Int32, _ right: Int32) -> Int {
    let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    let mask = slots.count - 1
    var index = Int((key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while slots[index].value >= 0 && (slots[index].left != left || slots[index].right != right) {
      index = (index + 1) & mask
    }
    return index
  }

  /// The value of a pair, or -1; a new value for a pair replaces its old one.
  subscript(_ left: Int32, _ right: Int32) -> Int32 {
    @inline(__always) get { slots[index(of: left, right)].value }
    set {
      var position = index(of: left, right)
      if slots[position].value < 0 {
        count += 1
        if 2 * count > slots.count {
          let old = slots
          slots = [Slot](repeating: Slot(), count: 2 * old.count)
          for slot in old where slot.value >= 0 {
            slots[index(of: slot.left, slot.right)] = slot
          }
          position = index(of: left, right)
        }
      }
      slots[position] = Slot(left: left, right: right, value: newValue)
    }
  }
}
