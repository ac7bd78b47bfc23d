#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// A 64-byte aligned buffer, counted in `TensorMemory`.
///
/// Tensors share it and copy on write: a writer first makes its reference unique, which is why
/// handing it across isolation domains is safe. A large buffer comes from the cache of
/// `TensorMemory` and returns to it.
final class TensorStorage<Scalar: TensorScalar>: @unchecked Sendable {
  let base: UnsafeMutablePointer<Scalar>
  let byteCount: Int
  /// The kind that it is counted as.
  private(set) var kind: TensorMemory.Kind

  /// Uninitialised room for `count` scalars. The buffer is rounded up to 64 bytes.
  init(count: Int) {
    let (bytes, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Scalar>.stride)
    precondition(!overflow && bytes < Int.max - 63, "Tensor: \(count) elements exceed all memory")
    byteCount = max(64, (bytes + 63) & ~63)
    kind = .current
    TensorMemory.allocated(byteCount, kind)
    let raw: UnsafeMutableRawPointer
    if byteCount >= BufferCache.smallestSize {
      raw = BufferCache.take(byteCount)
    } else {
      var room: UnsafeMutableRawPointer?
      guard posix_memalign(&room, 64, byteCount) == 0, let room else {
        TensorMemory.exhausted(byteCount)
      }
      raw = room
    }
    base = raw.bindMemory(to: Scalar.self, capacity: count)
  }

  /// Counts it as another kind from now on.
  func count(as kind: TensorMemory.Kind) {
    guard kind != self.kind else { return }
    TensorMemory.move(byteCount, from: self.kind, to: kind)
    self.kind = kind
  }

  deinit {
    TensorMemory.freed(byteCount, kind)
    if byteCount >= BufferCache.smallestSize {
      BufferCache.give(base, byteCount)
    } else {
      free(base)
    }
  }
}
