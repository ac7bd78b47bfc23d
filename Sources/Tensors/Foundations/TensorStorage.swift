internal import Glibc

/// A 64-byte aligned buffer, counted in `TensorMemory`.
///
/// Tensors share it and copy on write: whoever writes first makes its reference unique, which is
/// why handing it across isolation domains is safe. A large buffer comes from the cache of
/// `TensorMemory` and goes back there.
final class TensorStorage<Scalar: TensorScalar>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Scalar>
  let byteCount: Int

  /// Uninitialised room for `count` scalars. The buffer is rounded up to 64 bytes.
  init(count: Int) {
    byteCount = max(64, (count * MemoryLayout<Scalar>.stride + 63) & ~63)
    TensorMemory.allocated(byteCount)
    let raw: UnsafeMutableRawPointer
    if byteCount >= BufferCache.smallestSize {
      raw = BufferCache.take(byteCount)
    } else {
      var room: UnsafeMutableRawPointer?
      guard posix_memalign(&room, 64, byteCount) == 0, let room else {
        fatalError("Tensor: no memory for \(byteCount) bytes")
      }
      raw = room
    }
    base = raw.bindMemory(to: Scalar.self, capacity: count)
  }

  deinit {
    TensorMemory.freed(byteCount)
    if byteCount >= BufferCache.smallestSize {
      BufferCache.give(base, byteCount)
    } else {
      free(base)
    }
  }
}
