internal import CKernels

extension Tensor {
  /// The first element's address. The storage must be kept alive around its use.
  var base: UnsafeMutablePointer<Scalar> { storage.base + offset }

  /// Calls `body` with the elements in row-major order; a view is copied first.
  public func withUnsafeBuffer<R>(
    _ body: (UnsafeBufferPointer<Scalar>) throws -> R
  ) rethrows -> R {
    let dense = contiguous()
    return try withExtendedLifetime(dense.storage) {
      try body(UnsafeBufferPointer(start: dense.base, count: elementCount))
    }
  }

  /// Calls `body` with the elements in row-major order, which it may change. Shared storage or a
  /// view is copied first, so nothing else sees the change.
  public mutating func withUnsafeMutableBuffer<R>(
    _ body: (UnsafeMutableBufferPointer<Scalar>) throws -> R
  ) rethrows -> R {
    makeUnique()
    let count = elementCount
    return try withExtendedLifetime(storage) {
      try body(UnsafeMutableBufferPointer(start: storage.base + offset, count: count))
    }
  }

  /// `withUnsafeBuffer` with the bare address.
  package func withPointer<R>(_ body: (UnsafePointer<Scalar>) throws -> R) rethrows -> R {
    try withUnsafeBuffer { try body($0.baseAddress!) }
  }

  /// `withUnsafeMutableBuffer` with the bare address.
  package mutating func withMutablePointer<R>(
    _ body: (UnsafeMutablePointer<Scalar>) throws -> R
  ) rethrows -> R {
    try withUnsafeMutableBuffer { try body($0.baseAddress!) }
  }

  mutating func makeUnique() {
    if isContiguous, isKnownUniquelyReferenced(&storage) { return }
    self = copied()
  }

  /// The same elements in row-major storage; the tensor itself if it is row-major already.
  public func contiguous() -> Tensor { isContiguous ? self : copied() }

  /// The same elements in row-major storage of their own.
  public func copied() -> Tensor {
    let result = Tensor(storage: TensorStorage(count: elementCount), shape: shape)
    copy(to: result.base)
    return result
  }

  /// Writes the elements in row-major order.
  func copy(to target: UnsafeMutablePointer<Scalar>) {
    let strides = self.strides
    let source = base
    if isContiguous {
      withExtendedLifetime(storage) {
        parallelFor(elementCount, grain: 1 << 18) { range in
          (target + range.lowerBound).update(from: source + range.lowerBound, count: range.count)
        }
      }
    } else if elementCount > 0 {
      let inner = shape.dropFirst().reduce(1, *)
      withExtendedLifetime(storage) {
        parallelFor(shape[0], grain: max(1, elementwiseGrain / max(1, inner))) { range in
          let sizes = [range.count] + shape.dropFirst()
          loqt_copy_strided(
            source + range.lowerBound * strides[0], sizes, strides, rank,
            target + range.lowerBound * inner, MemoryLayout<Scalar>.stride)
        }
      }
    }
  }

  /// All elements in row-major order.
  public var scalars: [Scalar] { withUnsafeBuffer { Array($0) } }

  /// The element of a tensor that has exactly one. Traps otherwise.
  public var scalar: Scalar {
    precondition(elementCount == 1, "scalar: shape \(shape) does not have exactly one element")
    return withExtendedLifetime(storage) { base.pointee }
  }

  /// The element at one index per axis; negative ones count from the back. Traps outside the shape.
  public subscript(_ indices: Int...) -> Scalar {
    get {
      let position = elementOffset(indices)
      return withExtendedLifetime(storage) { base[position] }
    }
    set {
      makeUnique()
      base[elementOffset(indices)] = newValue
    }
  }

  private func elementOffset(_ indices: [Int]) -> Int {
    precondition(
      indices.count == rank,
      "subscript: \(indices.count) indices for shape \(shape)"
        + (indices.count < rank
          ? ". For a part, write [\(indices.map(String.init).joined(separator: ", ")), .ellipsis]"
          : "")
    )
    var position = 0
    let strides = self.strides
    for axis in 0..<rank {
      let place = indices[axis] < 0 ? indices[axis] + shape[axis] : indices[axis]
      precondition(
        place >= 0 && place < shape[axis], "subscript: index \(indices) outside shape \(shape)")
      position += place * strides[axis]
    }
    return position
  }
}

extension Tensor: Equatable {
  /// Same shape and equal elements; NaN equals nothing.
  public static func == (a: Tensor, b: Tensor) -> Bool {
    guard a.shape == b.shape else { return false }
    return a.withUnsafeBuffer { x in
      b.withUnsafeBuffer { y in x.elementsEqual(y) }
    }
  }
}

extension Tensor: Codable {
  private enum CodingKeys: String, CodingKey { case shape, scalars }

  /// Decodes a shape and its row-major scalars. Throws if their number does not fit.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let sizes = try container.decode([Int].self, forKey: .shape)
    let scalars = try container.decode([Scalar].self, forKey: .scalars)
    // A size of 0 does not make the others any smaller.
    var product = 1
    var fits = true
    for size in sizes {
      let (value, overflow) = product.multipliedReportingOverflow(by: max(1, size))
      fits = fits && size >= 0 && !overflow
      product = value
    }
    guard fits, (sizes.contains(0) ? 0 : product) == scalars.count else {
      throw DecodingError.dataCorruptedError(
        forKey: .scalars, in: container,
        debugDescription: "\(scalars.count) scalars do not fill shape \(sizes)")
    }
    self.init(scalars, shape: Shape(sizes))
  }

  /// Encodes the shape and the row-major scalars.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(shape.dimensions, forKey: .shape)
    try container.encode(scalars, forKey: .scalars)
  }
}
