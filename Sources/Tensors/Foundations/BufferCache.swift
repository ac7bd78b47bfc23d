internal import CKernels
internal import Synchronization

/// Freed large buffers, kept for the next one of their size class; the limits are those that
/// `TensorMemory` documents.
enum BufferCache {
  /// Bytes from which on buffers come from here.
  static let smallestSize = 256 << 10
  /// Bytes from which on buffers ask for huge pages.
  private static let smallestHuge = 4 << 20
  /// What may be kept even if live tensors hold less.
  private static let floor = 32 << 20
  /// What may be kept beside so many live bytes without exceeding the most that tensors have held.
  /// Below zero while another thread has counted a tensor as live but not yet among the highest.
  private static func room(beside live: Int) -> Int { TensorMemory.highestBytes - live }

  private struct Entry {
    var address: UInt
    var capacity: Int
    /// What its last tensor held of it.
    var bytes: Int
  }

  private struct State {
    /// In the order in which they were freed.
    var entries: [Entry] = []
    var bytes = 0
    var limit = 256 << 20

    mutating func remove(capacity: Int) -> Entry? {
      // The buffer freed last is the likeliest to lie in the processor's cache.
      guard let index = entries.lastIndex(where: { $0.capacity == capacity }) else { return nil }
      bytes -= entries[index].bytes
      return entries.remove(at: index)
    }

    /// Takes out the buffers freed first until no more than `limit` bytes are left; all when it is below
    /// zero.
    mutating func evict(to limit: Int) -> [Entry] {
      var count = 0
      while bytes > limit, count < entries.count {
        bytes -= entries[count].bytes
        count += 1
      }
      defer { entries.removeFirst(count) }
      return Array(entries.prefix(count))
    }
  }
  private static let state = Mutex(State())

  static var cachedBytes: Int { state.withLock { $0.bytes } }

  static var limit: Int {
    get { state.withLock { $0.limit } }
    set {
      state.withLock { $0.limit = newValue }
      shrink(to: newValue)
    }
  }

  static func shrink(to limit: Int) { unmap(state.withLock { $0.evict(to: limit) }) }

  /// Whole pages, in sixteen classes for every doubling, so that sizes that differ little meet.
  static func capacity(_ bytes: Int) -> Int {
    let step = max(64 << 10, 1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount - 4))
    return (bytes + step - 1) & ~(step - 1)
  }

  /// A buffer for `bytes`, which `TensorMemory` counts as live already.
  static func take(_ bytes: Int) -> UnsafeMutableRawPointer {
    let capacity = capacity(bytes)
    if let cached = state.withLock({ $0.remove(capacity: capacity) }) {
      return UnsafeMutableRawPointer(bitPattern: cached.address)!
    }
    shrink(to: room(beside: TensorMemory.liveBytes))
    let huge = bytes >= smallestHuge ? bytes : 0
    if let fresh = loqt_map_pages(capacity, huge) { return fresh }
    shrink(to: 0)
    guard let fresh = loqt_map_pages(capacity, huge) else {
      TensorMemory.exhausted(bytes)
    }
    return fresh
  }

  /// Takes back a buffer for `bytes`, which `TensorMemory` counts as live no longer.
  static func give(_ buffer: UnsafeMutableRawPointer, _ bytes: Int) {
    let entry = Entry(
      address: UInt(bitPattern: buffer), capacity: capacity(bytes), bytes: bytes)
    let live = TensorMemory.liveBytes
    let share = min(max(floor, live), room(beside: live))
    let leaving = state.withLock { state in
      let limit = min(state.limit, share)
      guard bytes <= limit else { return [entry] }
      state.entries.append(entry)
      state.bytes += bytes
      return state.evict(to: limit)
    }
    unmap(leaving)
  }

  private static func unmap(_ entries: [Entry]) {
    for entry in entries {
      loqt_unmap_pages(UnsafeMutableRawPointer(bitPattern: entry.address)!, entry.capacity)
    }
  }
}
