#if canImport(Glibc)
  internal import Glibc
#else
  internal import Darwin
#endif

/// A multi-dimensional array of scalars with value semantics.
///
/// Copies, views and transposes share storage until one of them is written to. Elements are stored
/// row-major unless the tensor is a view; operations read views in place where the kernel or
/// OpenBLAS can, and copy otherwise.
public struct Tensor<Scalar: TensorScalar>: Sendable {
  var storage: TensorStorage<Scalar>
  /// The sizes of the axes, outermost first.
  public let shape: Shape
  /// Elements between neighbours along each axis; empty if row-major and contiguous, the common
  /// case.
  let viewStrides: [Int]
  /// Index in `storage` of the first element.
  let offset: Int

  init(storage: TensorStorage<Scalar>, shape: Shape, strides: [Int], offset: Int) {
    self.storage = storage
    self.shape = shape
    self.offset = offset
    var dense = true
    var step = 1
    for axis in Swift.stride(from: strides.count - 1, through: 0, by: -1) where shape[axis] != 1 {
      if strides[axis] != step {
        dense = false
        break
      }
      step *= shape[axis]
    }
    viewStrides = dense ? [] : strides
  }

  init(storage: TensorStorage<Scalar>, shape: Shape, offset: Int = 0) {
    self.storage = storage
    self.shape = shape
    self.offset = offset
    viewStrides = []
  }

  /// A tensor whose elements `fill` writes, in row-major order, into a buffer of
  /// `shape.elementCount` scalars. `fill` must initialise all of them.
  public init(
    unsafeUninitializedShape shape: Shape,
    _ fill: (UnsafeMutableBufferPointer<Scalar>) throws -> Void
  ) rethrows {
    let count = shape.elementCount
    storage = TensorStorage(count: count)
    self.shape = shape
    offset = 0
    viewStrides = []
    try fill(UnsafeMutableBufferPointer(start: storage.base, count: count))
  }

  /// A tensor of the given elements in row-major order. Traps when their number does not fit.
  public init(_ scalars: [Scalar], shape: Shape) {
    precondition(
      scalars.count == shape.elementCount,
      "Tensor: \(scalars.count) scalars do not fill shape \(shape)")
    self.init(unsafeUninitializedShape: shape) { buffer in
      _ = buffer.initialize(from: scalars)
    }
  }

  /// A vector of the given elements.
  public init(_ scalars: [Scalar]) { self.init(scalars, shape: [scalars.count]) }

  /// A scalar tensor, of the empty shape.
  public init(_ scalar: Scalar) { self.init([scalar], shape: []) }

  /// A matrix from its rows. Traps when they differ in length.
  public init(rows: [[Scalar]]) {
    let columns = rows.first?.count ?? 0
    precondition(
      rows.allSatisfy { $0.count == columns }, "Tensor(rows:): rows differ in length")
    self.init(rows.flatMap { $0 }, shape: [rows.count, columns])
  }

  /// A tensor with every element equal to `value`.
  public init(repeating value: Scalar, shape: Shape) {
    self.init(unsafeUninitializedShape: shape) { buffer in
      guard let base = buffer.baseAddress else { return }
      // Copies a first part that stays in a cache, because a generic loop over elements is slow.
      let part = 4096
      base.initialize(repeating: value, count: min(part, buffer.count))
      for start in Swift.stride(from: part, to: buffer.count, by: part) {
        (base + start).initialize(from: base, count: min(part, buffer.count - start))
      }
    }
  }

  /// A tensor of zeros (false for Bool).
  public static func zeros(_ shape: Shape) -> Tensor {
    // The zero of every scalar type is all zero bits.
    Tensor(unsafeUninitializedShape: shape) { buffer in
      guard let base = buffer.baseAddress else { return }
      memset(base, 0, buffer.count * MemoryLayout<Scalar>.stride)
    }
  }

  /// A tensor with nothing in it, of shape `[0]`.
  public static var empty: Tensor { Tensor([], shape: [0]) }
}

extension Tensor where Scalar: Numeric {
  /// A tensor of ones.
  public static func ones(_ shape: Shape) -> Tensor { Tensor(repeating: 1, shape: shape) }

  /// The square matrix `[size, size]` with ones on its diagonal.
  public static func identity(_ size: Int) -> Tensor {
    Tensor(unsafeUninitializedShape: [size, size]) { buffer in
      buffer.initialize(repeating: 0)
      for i in 0..<size { buffer[i * size + i] = 1 }
    }
  }

  /// The diagonal matrix of a vector.
  public static func diagonal(_ vector: Tensor) -> Tensor {
    precondition(vector.rank == 1, "diagonal: \(vector.shape) is not a vector")
    let size = vector.shape[0]
    let values = vector.scalars
    return Tensor(unsafeUninitializedShape: [size, size]) { buffer in
      buffer.initialize(repeating: 0)
      for i in 0..<size { buffer[i * size + i] = values[i] }
    }
  }
}

extension Tensor {
  /// The number of axes.
  public var rank: Int { shape.rank }

  /// The number of elements.
  public var elementCount: Int { shape.elementCount }

  /// The bytes of its elements, whether or not their storage is shared.
  public var byteCount: Int { elementCount * MemoryLayout<Scalar>.stride }

  /// Elements between neighbours along each axis.
  public var strides: [Int] { viewStrides.isEmpty ? shape.contiguousStrides : viewStrides }

  /// Whether the elements are stored row-major without gaps.
  public var isContiguous: Bool { viewStrides.isEmpty }

  /// Whether nothing else shares the storage, so that a change happens in place.
  public mutating func isUniquelyReferenced() -> Bool { isKnownUniquelyReferenced(&storage) }
}
