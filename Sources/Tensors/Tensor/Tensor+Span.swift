extension Tensor {
  /// A tensor of the elements of a span in row-major order. Traps when their number does not fit.
  public init(_ span: Span<Scalar>, shape: Shape) {
    precondition(
      span.count == shape.elementCount, "Tensor: \(span.count) scalars do not fill shape \(shape)")
    self.init(unsafeUninitializedShape: shape) { out in
      span.withUnsafeBufferPointer { _ = out.initialize(from: $0) }
    }
  }

  /// A vector of the elements of a span.
  public init(_ span: Span<Scalar>) { self.init(span, shape: [span.count]) }

  /// Calls `body` with the elements in row-major order; a view is copied first.
  public func withSpan<R>(_ body: (Span<Scalar>) throws -> R) rethrows -> R {
    try withUnsafeBuffer { try body($0.span) }
  }

  /// Calls `body` with the elements in row-major order, which it may change. Shared storage or a
  /// view is copied first, so nothing else sees the change.
  public mutating func withMutableSpan<R>(
    _ body: (inout MutableSpan<Scalar>) throws -> R
  ) rethrows -> R {
    try withUnsafeMutableBuffer { buffer in
      var span = buffer.mutableSpan
      return try body(&span)
    }
  }
}
