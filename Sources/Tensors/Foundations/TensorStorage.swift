internal import Glibc
internal import Synchronization

/// A 64-byte aligned buffer, counted in `TensorMemory`.
///
/// Tensors share it and copy on write: whoever writes first makes its reference unique, which is
/// why handing it across isolation domains is safe.
final class TensorStorage<Scalar: TensorScalar>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Scalar>
  let byteCount: Int

  /// Uninitialised room for `count` scalars. The buffer is rounded up to 64 bytes.
  init(count: Int) {
    byteCount = max(64, (count * MemoryLayout<Scalar>.stride + 63) & ~63)
    var raw: UnsafeMutableRawPointer?
    guard posix_memalign(&raw, 64, byteCount) == 0, let raw else {
      fatalError("Tensor: no memory for \(byteCount) bytes")
    }
    base = raw.bindMemory(to: Scalar.self, capacity: count)
    TensorMemory.allocated(byteCount)
  }

  deinit {
    TensorMemory.freed(byteCount)
    free(base)
  }
}

/// Counts of every tensor buffer alive in the process.
public enum TensorMemory {
  private static let bytes = Atomic<Int>(0)
  private static let buffers = Atomic<Int>(0)
  private static let peak = Atomic<Int>(0)

  /// Bytes held by live tensor buffers.
  public static var liveBytes: Int { bytes.load(ordering: .relaxed) }
  /// Number of live tensor buffers.
  public static var liveBuffers: Int { buffers.load(ordering: .relaxed) }
  /// Largest `liveBytes` since the start or the last `resetPeak()`.
  public static var peakBytes: Int { peak.load(ordering: .relaxed) }

  /// Starts a new measurement of `peakBytes` from the present.
  public static func resetPeak() { peak.store(liveBytes, ordering: .relaxed) }

  static func allocated(_ count: Int) {
    let now = bytes.wrappingAdd(count, ordering: .relaxed).newValue
    buffers.wrappingAdd(1, ordering: .relaxed)
    peak.max(now, ordering: .relaxed)
  }

  static func freed(_ count: Int) {
    bytes.wrappingSubtract(count, ordering: .relaxed)
    buffers.wrappingSubtract(1, ordering: .relaxed)
  }
}
