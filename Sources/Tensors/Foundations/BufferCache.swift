internal import CKernels
internal import Synchronization

/// A cache of freed large buffers for the next tensors of their size class; its limits are those
/// that `TensorMemory` documents.
enum BufferCache {
  /// Buffers of at least this many bytes are cached.
  static let smallestSize = 256 << 10
  /// Buffers of at least this many bytes ask for huge pages.
  private static let smallestHuge = 4 << 20
  /// The bytes that may be kept even if live tensors hold less.
  private static let floor = 32 << 20
  /// The bytes that may be kept beside `live` ones without exceeding the most that tensors have
  /// held. Negative while another thread has counted a tensor as live but not yet in the maximum.
  private static func room(beside live: Int) -> Int { TensorMemory.highestBytes - live }

  private struct Entry {
    var address: UInt
    var capacity: Int
    /// The bytes that its last tensor held.
    var bytes: Int
  }

  private struct State {
    /// In the order in which they were freed.
    var entries: [Entry] = []
    var bytes = 0
    var limit = 256 << 20

    mutating func remove(capacity: Int) -> Entry? {
      // The buffer freed last is the most likely to be in the processor's cache still.
      guard let index = entries.lastIndex(where: { $0.capacity == capacity }) else { return nil }
      bytes -= entries[index].bytes
      return entries.remove(at: index)
    }

    /// Removes the buffers freed first until at most `limit` bytes are left; all of them if it is
    /// negative.
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

  /// Rounds up to whole pages, in sixteen classes for every doubling, so that similar sizes share
  /// one.
  static func capacity(_ bytes: Int) -> Int {
    let step = max(64 << 10, 1 << (Int.bitWidth - 1 - bytes.leadingZeroBitCount - 4))
    return (bytes + step - 1) & ~(step - 1)
  }

  /// Returns a buffer for `bytes`, which `TensorMemory` already counts as live.
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

  /// Takes back a buffer of `bytes`, which `TensorMemory` no longer counts as live.
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
