internal import CKernels
internal import COpenBLAS
internal import Synchronization

/// The one place that sets how many threads numerical work uses.
///
/// Matrix products are split into panels by our own loop, each a single-threaded OpenBLAS call.
/// Only LAPACK routines on large matrices use OpenBLAS's own threads; products that other threads
/// of the program compute meanwhile may then use them, too.
public enum Threads {
  /// The number of threads that every operation uses, the caller included; initially what
  /// `ThreadLimits` says. Results depend on it only through the order of additions in
  /// decompositions of large matrices. Traps if it is not positive; more than 256 count as 256.
  public static var count: Int {
    get {
      limited
      return Int(loqt_thread_count())
    }
    set {
      precondition(newValue >= 1, "Threads.count: \(newValue) is not a positive number")
      limited
      loqt_set_thread_count(Int32(newValue))
    }
  }

  private static let limited: Void = loqt_set_thread_count(
    Int32(clamping: ThreadLimits.current.count))

  /// Limits the number of threads, once, before the first loop.
  @inline(__always) static func prepare() { limited }

  /// Sets OpenBLAS to one thread and the right kernels, once, before the first product.
  static func prepareBLAS() { _ = BLASKernels.current }

  /// The processor whose kernels OpenBLAS uses: `BLASKernels.current.name`.
  public static var blasCore: String { BLASKernels.current.name }

  private static let lapack = Mutex(())

  /// Runs a LAPACK call on a matrix of `elements` elements with all threads for OpenBLAS, unless
  /// the matrix is small or the call is inside a parallel loop. One call at a time, because
  /// OpenBLAS's number of threads, and with it the order of its additions, is global to the
  /// process.
  static func withBLASThreads<R>(_ elements: Int, _ body: () -> R) -> R {
    prepareBLAS()
    // LAPACK hands work to the other threads once per panel, too often for small panels; and these
    // threads then keep their processors busy for some 25 ms, waiting for more.
    guard count > 1, elements >= 1 << 18, !loqt_in_parallel_region() else { return body() }
    var result: R?
    lapack.withLock { _ in
      openblas_set_num_threads(Int32(count))
      result = body()
      openblas_set_num_threads(1)
    }
    return result!
  }
}

/// Splits `0..<count` into at most `Threads.count` contiguous ranges of at least `grain` and runs
/// `body` on each, in parallel; returns when all are done.
///
/// The split depends only on the arguments and the thread count. Inside another parallel loop, or
/// while another thread uses the pool, everything runs on the calling thread.
package func parallelFor(_ count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
  if count <= grain {
    if count > 0 { body(0..<count) }
    return
  }
  Threads.prepare()
  withoutActuallyEscaping(body) { escaping in
    var box = escaping
    withUnsafeMutablePointer(to: &box) { pointer in
      loqt_parallel_for(
        count, grain,
        { context, begin, end in
          context!.assumingMemoryBound(to: ((Range<Int>) -> Void).self).pointee(begin..<end)
        }, pointer)
    }
  }
}

/// Fewer elements than this are not worth a second thread in an elementwise loop.
package let elementwiseGrain = 16_384
