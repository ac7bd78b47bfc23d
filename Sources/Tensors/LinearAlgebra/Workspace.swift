/// Memory that factorisations work in, kept from one call to the next.
///
/// Its methods are the raw computations behind ``SVD``, ``QR``, ``LU`` and the others: they write
/// into the caller's tensors and take whatever else they need from here. A second call on shapes no
/// larger than before allocates nothing if the tensors to write into are contiguous and not shared.
/// The results are those of the factorisation objects, bit for bit, whatever the workspace was used
/// for before.
public struct Workspace<Scalar: RealScalar>: Sendable {
  private var reals: Tensor<Scalar> = .empty
  private var integers: Tensor<Int32> = .empty
  /// The matrix that a routine destroys.
  private var matrix: Tensor<Scalar> = .empty

  /// A workspace that holds nothing yet.
  public init() {}

  /// Bytes held for the next factorisation.
  public var byteCount: Int { reals.byteCount + integers.byteCount + matrix.byteCount }

  /// Runs a LAPACK routine on a matrix of `elements` elements, with as much memory as it asks for.
  mutating func run(_ elements: Int, _ routine: (LAPACKScratch<Scalar>) -> Int32) -> Int32 {
    var real: Scalar = 0
    var integer: Int32 = 0
    _ = withUnsafeMutablePointer(to: &real) { real in
      withUnsafeMutablePointer(to: &integer) { integer in
        routine(LAPACKScratch(reals: real, realCount: -1, integers: integer, integerCount: -1))
      }
    }
    // Rounded up, because a large number may have been rounded to the nearest that the scalar can
    // hold.
    let (realCount, integerCount) = (max(1, Int(real.nextUp)), max(1, Int(integer)))
    let scratch = LAPACKScratch(
      reals: Self.room(realCount, in: &reals), realCount: realCount,
      integers: Self.room(integerCount, in: &integers), integerCount: integerCount)
    return Threads.withBLASThreads(elements) { routine(scratch) }
  }

  /// Room for a matrix of `count` elements, valid until the next call.
  mutating func matrix(_ count: Int) -> UnsafeMutablePointer<Scalar> {
    Self.room(count, in: &matrix)
  }

  private static func room<T: TensorScalar>(_ count: Int, in buffer: inout Tensor<T>)
    -> UnsafeMutablePointer<T>
  {
    if buffer.elementCount < count || !buffer.isUniquelyReferenced() {
      // Freed first, so that the old and the new one never exist at once.
      let size = max(count, buffer.elementCount)
      buffer = .empty
      buffer = Tensor(storage: TensorStorage(count: size), shape: [size])
    }
    return buffer.base
  }
}
