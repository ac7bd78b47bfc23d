internal import CKernels
internal import Synchronization

/// Counts every tensor buffer in the process, and caches freed large ones.
///
/// Pages that the system hands out for the first time cost several times what writing to them does.
/// Buffers of 256 KiB and more are therefore kept when freed, for the next tensor of about their
/// size. This never makes the process grow: freed buffers go back to the system before live and
/// cached bytes together would exceed the most that tensors alone have held.
public enum TensorMemory {
  private static let bytes = Atomic<Int>(0)
  private static let buffers = Atomic<Int>(0)
  private static let peak = Atomic<Int>(0)
  private static let highest = Atomic<Int>(0)

  /// Bytes held by live tensor buffers.
  public static var liveBytes: Int { bytes.load(ordering: .relaxed) }
  /// Number of live tensor buffers.
  public static var liveBuffers: Int { buffers.load(ordering: .relaxed) }
  /// Largest `liveBytes` since the start or the last `resetPeak()`.
  public static var peakBytes: Int { peak.load(ordering: .relaxed) }
  /// Largest `liveBytes` since the start.
  static var highestBytes: Int { highest.load(ordering: .relaxed) }

  /// Restarts the measurement of `peakBytes` from the present.
  public static func resetPeak() {
    peak.store(liveBytes, ordering: .relaxed)
    loqt_reset_memory_peaks()
  }

  /// Bytes of freed buffers that are kept for other tensors; not part of `liveBytes`.
  public static var cachedBytes: Int { BufferCache.cachedBytes }

  /// The most bytes of freed buffers to keep, 256 MiB at first; 0 keeps none. Whatever the limit,
  /// no more is kept than live tensors hold, or 32 MiB when they hold less. Traps when negative.
  public static var cacheLimit: Int {
    get { BufferCache.limit }
    set {
      precondition(newValue >= 0, "TensorMemory.cacheLimit: \(newValue) is negative")
      BufferCache.limit = newValue
    }
  }

  /// Gives all freed buffers back to the system.
  public static func emptyCache() { BufferCache.shrink(to: 0) }

  private static let exhaustionHandler = Mutex<(@Sendable (Int) -> Never)?>(nil)

  /// Sets what happens when the system has no memory for a tensor: the handler gets the number of
  /// bytes asked for and ends the program. Without a handler the program traps.
  public static func onExhaustion(_ handler: @escaping @Sendable (_ bytes: Int) -> Never) {
    exhaustionHandler.withLock { $0 = handler }
  }

  /// Ends the program because `count` bytes cannot be had.
  static func exhausted(_ count: Int) -> Never {
    if let handler = exhaustionHandler.withLock({ $0 }) { handler(count) }
    fatalError("Tensor: no memory for \(count) bytes")
  }

  static func allocated(_ count: Int, _ kind: Kind) {
    loqt_count_memory(Int32(kind.rawValue), count)
    let now = bytes.wrappingAdd(count, ordering: .relaxed).newValue
    buffers.wrappingAdd(1, ordering: .relaxed)
    peak.max(now, ordering: .relaxed)
    highest.max(now, ordering: .relaxed)
  }

  static func freed(_ count: Int, _ kind: Kind) {
    loqt_count_memory(Int32(kind.rawValue), -count)
    bytes.wrappingSubtract(count, ordering: .relaxed)
    buffers.wrappingSubtract(1, ordering: .relaxed)
  }
}
